import { SelectField, TextField } from '../components/controls.js';
import { Missing, Page } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { go } from '../lib/router.js';
import { devices, say, takeAnswer, zones } from '../lib/store.js';
import { tidy } from '../lib/text.js';
import { inOrder } from '../lib/village.js';

const AFTERWARDS = { light: 'lights', loudspeaker: 'loudspeakers', access_point: 'wifi' };

/**
 * Another name, another road, or out of the village.
 *
 * @param {{ id: string }} props
 */
export default function Edit({ id }) {
  const [device] = useState(devices.peek().get(id));
  const [name, setName] = useState(device?.name ?? '');
  const [zone, setZone] = useState(device?.zone ?? '');
  const [sure, setSure] = useState(false);
  if (!device) return html`<${Missing} back="home" />`;
  const roads = inOrder(zones.value).map((road) => ({ value: road.id, label: road.name }));
  const back = AFTERWARDS[device.kind];
  /** @param {Event} event */
  const save = async (event) => {
    event.preventDefault();
    if (!tidy(name)) return say(t('adopt.need_name'), 'bad');
    const change = async () => takeAnswer(
      'device', await api.patch(`/devices/${id}`, { name: tidy(name), zone }));
    if (await attempt(change, t('saved'))) go(back);
  };
  const takeOut = async () => {
    if (!sure) return setSure(true);
    const out = async () => {
      await api.remove(`/devices/${id}`);
      takeAnswer('device', { id, removed: true });
    };
    if (await attempt(out, t('edit.removed', { name: device.name }))) go(back);
  };
  return html`<${Page} title=${device.name} back=${back}>
    <form onSubmit=${save}>
      <${TextField} label=${t('edit.name')} value=${name} onChange=${setName} test="edit-name" most=${80} />
      <${SelectField} label=${t('edit.zone')} value=${zone} onChange=${setZone} test="edit-zone"
        options=${roads} />
      <button class="button main act" data-test="edit-save">${t('save')}</button>
    </form>
    <p class="quiet">${t('found.number', { address: device.address })}</p>
    <section class="apart">
      ${sure && html`<p role="status">${t('edit.sure', { name: device.name })}</p>`}
      <button type="button" class="button danger" data-test="edit-remove" onClick=${takeOut}>
        ${sure ? t('edit.remove_yes', { name: device.name }) : t('edit.remove')}</button>
      ${sure && html`<button type="button" class="button" onClick=${() => setSure(false)}>${t('edit.keep')}</button>`}
    </section>
  <//>`;
}
