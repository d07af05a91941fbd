import { SelectField, TextField } from '../components/controls.js';
import { Missing, Page } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { goInstead } from '../lib/router.js';
import { found, say, takeAnswer, zones } from '../lib/store.js';
import { tidy } from '../lib/text.js';
import { inOrder } from '../lib/village.js';

const AFTERWARDS = { light: 'lights', loudspeaker: 'loudspeakers', access_point: 'wifi' };

/**
 * Give a found box a name and a road.
 *
 * @param {{ id: string }} props
 */
export default function Adopt({ id }) {
  // Kept, so that the form stays while the box leaves the inbox.
  const [one] = useState(found.peek().get(id));
  const [name, setName] = useState('');
  const [zone, setZone] = useState('');
  if (!one) return html`<${Missing} back="found" />`;
  const roads = inOrder(zones.value).map((road) => ({ value: road.id, label: road.name }));
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (!tidy(name)) return say(t('adopt.need_name'), 'bad');
    if (!zone) return say(t('adopt.need_road'), 'bad');
    const { driver, address, kind } = one;
    const done = await attempt(async () => {
      const device = await api.post('/devices', { driver, address, kind, name: tidy(name), zone });
      takeAnswer('device', device?.device ?? device);
    }, t('adopt.done', { name: tidy(name) }));
    if (done) goInstead(kind === 'light' ? 'road' : AFTERWARDS[kind], kind === 'light' ? zone : '');
  };
  return html`<${Page} title=${t(`found.kind_${one.kind}`)} back="found">
    <p class="quiet">${t('found.number', { address: one.address })}</p>
    <form onSubmit=${send} data-test="adopt">
      <${TextField} label=${t('adopt.name')} hint=${t(`adopt.hint_${one.kind}`)} value=${name}
        onChange=${setName} test="adopt-name" most=${80} />
      <${SelectField} label=${t('adopt.zone')} value=${zone} onChange=${setZone} test="adopt-zone"
        options=${[{ value: '', label: t('adopt.choose') }, ...roads]} />
      <button class="button main act" data-test="adopt-save">${t('adopt.save')}</button>
    </form>
  <//>`;
}
