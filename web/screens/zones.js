import { SelectField, TextField } from '../components/controls.js';
import { Page, Wait } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { say, takeAnswer, zones } from '../lib/store.js';
import { tidy } from '../lib/text.js';
import { inOrder, members, wholeVillage } from '../lib/village.js';

/** @typedef {import('../lib/types.js').Zone} Zone */

/** @param {{ zone: Zone, onDone: () => void }} props */
function Rename({ zone, onDone }) {
  const [name, setName] = useState(zone.name);
  /** @param {Event} event */
  const save = async (event) => {
    event.preventDefault();
    if (!tidy(name)) return say(t('zones.need_name'), 'bad');
    const change = async () => takeAnswer('zone', await api.patch(`/zones/${zone.id}`, { name: tidy(name) }));
    if (await attempt(change, t('saved'))) onDone();
  };
  const takeOut = async () => {
    const out = async () => {
      await api.remove(`/zones/${zone.id}`);
      takeAnswer('zone', { id: zone.id, removed: true });
    };
    if (await attempt(out, t('zones.removed', { name: zone.name }))) onDone();
  };
  const empty = members(zone.id, zones.value).size === 1;
  return html`<form onSubmit=${save}>
    <${TextField} label=${t('zones.rename')} value=${name} onChange=${setName} test="zone-rename" most=${80} />
    <button class="button main act" data-test="zone-save">${t('save')}</button>
    <button type="button" class="button" onClick=${onDone}>${t('leave_it')}</button>
    ${empty && html`<div class="apart"><button type="button" class="button danger" data-test="zone-remove"
      onClick=${takeOut}>${t('zones.remove')}</button></div>`}
  </form>`;
}

function Add() {
  const whole = wholeVillage(zones.value);
  const [name, setName] = useState('');
  const [parent, setParent] = useState(whole?.id ?? '');
  const options = inOrder(zones.value).map((zone) => ({ value: zone.id, label: zone.name }));
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (!tidy(name)) return say(t('zones.need_name'), 'bad');
    const body = parent ? { name: tidy(name), parent } : { name: tidy(name) };
    const add = async () => takeAnswer('zone', await api.post('/zones', body));
    if (await attempt(add, t('zones.added', { name: tidy(name) }))) setName('');
  };
  return html`<form onSubmit=${send}>
    <h2>${t('zones.add_title')}</h2>
    <${TextField} label=${t('zones.name')} hint=${t('zones.hint')} value=${name} onChange=${setName} test="zone-name" most=${80} />
    <${SelectField} label=${t('zones.parent')} value=${parent} onChange=${setParent} test="zone-parent"
      options=${[{ value: '', label: t('zones.no_parent') }, ...options]} />
    <button class="button main act" data-test="zone-add">${t('zones.add')}</button>
  </form>`;
}

export default function Zones() {
  const [open, setOpen] = useState('');
  return html`<${Page} title=${t('zones.title')} back="more">
    <${Wait}>
      <ul class="plain rows-wide">
        ${inOrder(zones.value).map((zone) => html`<li key=${zone.id} data-test="zone" data-zone=${zone.id}>
          ${open === zone.id ? html`<${Rename} zone=${zone} onDone=${() => setOpen('')} />`
            : html`<div class="pair uneven"><b>${zone.name}</b>
              <button type="button" class="button" data-test="zone-open" aria-label=${`${t('zones.change')}: ${zone.name}`}
                onClick=${() => setOpen(zone.id)}>${t('zones.change')}</button></div>`}
        </li>`)}
      </ul>
      <${Add} />
    <//>
  <//>`;
}
