import { Lamp } from '../components/lamp.js';
import { NO_END, Pair, TextField, Until, untilInstant } from '../components/controls.js';
import { Missing, Page, Wait } from '../components/page.js';
import { switchRoad } from '../lib/acts.js';
import { html, useState } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { count, countSentence } from '../lib/lamps.js';
import { asked, devices, link, nowMs, session, zones } from '../lib/store.js';
import { matches } from '../lib/text.js';
import { devicesIn, wholeVillage } from '../lib/village.js';

/** @typedef {import('../lib/types.js').Turn} Turn */

const LONG_LIST = 12;

/**
 * One road: the whole of it, then lamp by lamp.
 *
 * @param {{ id: string }} props
 */
export default function Road({ id }) {
  const [until, setUntil] = useState(NO_END);
  const [wanted, setWanted] = useState('');
  const zone = zones.value.get(id);
  if (!zone) return link.value === 'waiting' ? html`<${Wait} />` : html`<${Missing} back="lights" />`;
  const lamps = devicesIn('light', [id], zones.value, devices.value);
  const name = wholeVillage(zones.value)?.id === id ? t('whole_village') : zone.name;
  const end = () => untilInstant(until, nowMs.peek(), session.value?.village);
  return html`<${Page} title=${name} back="lights">
    <p class="sentence" role="status">${countSentence(count(lamps, asked()))}</p>
    <${Until} value=${until} onChange=${setUntil} />
    <${Pair} main of=${name} test="road" on=${t('turn.road_on')} off=${t('turn.road_off')}
      onTurn=${(/** @type {Turn} */ turn) => void switchRoad({ ...zone, name }, lamps, turn, end())} />
    <h2>${t('lights.each')}</h2>
    ${lamps.length > LONG_LIST && html`<${TextField} label=${t('lights.find')} value=${wanted} onChange=${setWanted} test="find" />`}
    <ul class="plain rows-wide">
      ${lamps.filter((lamp) => matches(lamp.name, wanted)).map((lamp) => html`
        <${Lamp} key=${lamp.id} lamp=${lamp} until=${until} />`)}
    </ul>
  <//>`;
}
