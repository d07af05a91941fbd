import { NO_END, Pair, Until, untilInstant } from '../components/controls.js';
import { Page, Wait } from '../components/page.js';
import { Sign } from '../components/signs.js';
import { switchDevice } from '../lib/acts.js';
import { html, useState } from '../lib/html.js';
import { capital, t } from '../lib/i18n.js';
import { lampState, unheardSentence } from '../lib/lamps.js';
import { linkTo } from '../lib/router.js';
import { asked, devices, nowMs, session } from '../lib/store.js';
import { dated, moment } from '../lib/time.js';
import { ofKind } from '../lib/village.js';

/** @typedef {import('../lib/types.js').Device} Device */
/** @typedef {import('../lib/types.js').LampState} LampState */
/** @typedef {import('../lib/types.js').Turn} Turn */

/** @type {Record<string, LampState | 'good'>} */
const SHAPE = { lit: 'good' };

/**
 * @param {Device} one
 * @param {LampState} state
 */
function sentence(one, state) {
  const time = one.state.reported_at ? moment(one.state.reported_at, nowMs.value) : '';
  if (state === 'waiting') return t('wifi.waiting');
  if (state === 'unconfirmed') return t('wifi.unconfirmed');
  if (state === 'unknown') return unheardSentence({ ...one, state: { ...one.state, on: null } }, nowMs.value);
  if (state === 'dark') return t('wifi.off', { time });
  return t('wifi.on', { time, n: one.state.stations ?? 0 });
}

/** @param {{ one: Device }} props */
function AccessPoint({ one }) {
  const [until, setUntil] = useState(NO_END);
  const state = lampState(one, asked());
  const end = one.target?.until;
  /** @param {Turn} turn */
  const turn = (turn) => void switchDevice(one, turn, untilInstant(until, nowMs.peek(), session.value?.village));
  return html`<li data-test="wifi" data-device=${one.id} data-state=${state === 'lit' ? 'on' : state === 'dark' ? 'off' : state}>
    <h2>${one.name}</h2>
    <div class=${`line lamp ${state}`}><${Sign} state=${SHAPE[state] ?? state} />
      <span class="sentence" role="status">${capital(sentence(one, state))}</span></div>
    ${state === 'lit' && one.state.internet === false && html`<p class="notice">${t('wifi.no_internet')}</p>`}
    ${end && html`<p class="quiet">${capital(t('target.until', { time: dated(end, nowMs.value) }))}</p>`}
    <${Until} value=${until} onChange=${setUntil} />
    <${Pair} main of=${one.name} test="wifi" on=${t('turn.wifi_on')} off=${t('turn.wifi_off')} onTurn=${turn} />
    <a class="button" href=${linkTo('edit', one.id)}>${t('edit.link')}</a>
  </li>`;
}

export default function Wifi() {
  const all = ofKind('access_point', devices.value);
  return html`<${Page} title=${t('wifi.title')} back="home">
    <${Wait}>
      ${all.length === 0 && html`<p>${t('wifi.none')}</p>`}
      <ul class="plain rows-wide">${all.map((one) => html`<${AccessPoint} key=${one.id} one=${one} />`)}</ul>
    <//>
  <//>`;
}
