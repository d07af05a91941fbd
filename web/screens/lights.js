import { Lamp } from '../components/lamp.js';
import { Pair } from '../components/controls.js';
import { Page, Wait } from '../components/page.js';
import { switchRoad } from '../lib/acts.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { count, countSentence } from '../lib/lamps.js';
import { linkTo } from '../lib/router.js';
import { asked, devices, found, zones } from '../lib/store.js';
import { devicesIn, inOrder, ofKind, wholeVillage } from '../lib/village.js';

/** @typedef {import('../lib/types.js').Turn} Turn */
/** @typedef {import('../lib/types.js').Zone} Zone */

/** @param {{ zone: Zone }} props */
function Road({ zone }) {
  const lamps = devicesIn('light', [zone.id], zones.value, devices.value);
  if (lamps.length === 0) return null;
  const lit = count(lamps, asked());
  const whole = wholeVillage(zones.value)?.id === zone.id;
  const name = whole ? t('whole_village') : zone.name;
  return html`<li class="road" data-test="road" data-zone=${zone.id} data-lit=${lit.lit} data-total=${lit.total}>
    <a class="line" href=${linkTo('road', zone.id)} data-test="road-open">
      <span><b>${name}</b><br /><span class="sentence">${countSentence(lit)}</span></span>
      <span class="more" aria-hidden="true">›</span>
    </a>
    <${Pair} main of=${name} test="road" onTurn=${(/** @type {Turn} */ turn) => void switchRoad({ ...zone, name }, lamps, turn, null)}
      on=${t('turn.light_on')} off=${t('turn.light_off')} />
  </li>`;
}

/** All roads, and the lamps that stand on none. */
export default function Lights() {
  const lamps = ofKind('light', devices.value);
  const stray = lamps.filter((lamp) => !lamp.zone || !zones.value.has(lamp.zone));
  const waiting = [...found.value.values()].filter((one) => one.kind === 'light').length;
  return html`<${Page} title=${t('lights.title')} back="home">
    <${Wait}>
      ${waiting > 0 && html`<a class="concern" href=${linkTo('found')} data-test="found-link">
        ${t('found.count_light', { n: waiting })}</a>`}
      ${lamps.length === 0 && html`<p>${t('lights.none_yet_how')}</p>`}
      <ul class="plain rows-wide">
        ${inOrder(zones.value).map((zone) => html`<${Road} key=${zone.id} zone=${zone} />`)}
      </ul>
      ${stray.length > 0 && html`<h2>${t('lights.no_road')}</h2>
        <ul class="plain rows-wide">${stray.map((lamp) => html`<${Lamp} key=${lamp.id} lamp=${lamp} />`)}</ul>`}
      <a class="button" href=${linkTo('zones')}>${t('zones.title')}</a>
    <//>
  <//>`;
}
