import { NO_END, Pair, Until, untilInstant } from '../components/controls.js';
import { Missing, Page, Wait } from '../components/page.js';
import { Sign } from '../components/signs.js';
import { switchDevice } from '../lib/acts.js';
import { html, useState } from '../lib/html.js';
import { capital, t } from '../lib/i18n.js';
import { lampSentence, lampState, targetSentence } from '../lib/lamps.js';
import { linkTo } from '../lib/router.js';
import { asked, devices, link, nowMs, session } from '../lib/store.js';

/** @typedef {import('../lib/types.js').Turn} Turn */

/** @param {{ id: string }} props */
export default function LampScreen({ id }) {
  const [until, setUntil] = useState(NO_END);
  const lamp = devices.value.get(id);
  if (!lamp) return link.value === 'waiting' ? html`<${Wait} />` : html`<${Missing} back="lights" />`;
  const state = lampState(lamp, asked());
  const target = targetSentence(lamp, nowMs.value);
  /** @param {Turn} turn */
  const turn = (turn) => void switchDevice(lamp, turn, untilInstant(until, nowMs.peek(), session.value?.village));
  return html`<${Page} title=${lamp.name} back=${lamp.zone ? 'road' : 'lights'} backId=${lamp.zone ?? ''}>
    <div class=${`line lamp ${state}`} data-test="lamp" data-device=${lamp.id} data-state=${state}>
      <${Sign} state=${state} /><span class="sentence" role="status">${capital(lampSentence(lamp, asked(), nowMs.value))}</span>
    </div>
    ${target && html`<p class="quiet" data-test="target">${target}</p>`}
    ${lamp.state.watts !== undefined && lamp.state.watts !== null && html`<p class="quiet">
      ${t('lamp.watts', { n: Math.round(lamp.state.watts) })}</p>`}
    <${Until} value=${until} onChange=${setUntil} />
    <${Pair} main of=${lamp.name} test="lamp" on=${t('turn.light_on')} off=${t('turn.light_off')} onTurn=${turn} />
    <a class="button" href=${linkTo('edit', lamp.id)} data-test="edit">${t('edit.link')}</a>
  <//>`;
}
