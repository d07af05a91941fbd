import { switchDevice } from '../lib/acts.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { lampSentence, lampState } from '../lib/lamps.js';
import { linkTo } from '../lib/router.js';
import { asked, nowMs, session } from '../lib/store.js';
import { NO_END, Pair, untilInstant } from './controls.js';
import { Sign } from './signs.js';

/** @typedef {import('../lib/types.js').Device} Device */
/** @typedef {import('../lib/types.js').Turn} Turn */

/**
 * One lamp of a road: its shape, its name, its sentence, and Bật / Tắt.
 *
 * @param {{ lamp: Device, until?: import('./controls.js').UntilValue }} props
 */
export function Lamp({ lamp, until }) {
  const state = lampState(lamp, asked());
  /** @param {Turn} turn */
  const turn = (turn) => void switchDevice(
    lamp, turn, untilInstant(until ?? NO_END, nowMs.peek(), session.value?.village));
  return html`<li class=${`lamp ${state}`} data-test="lamp" data-device=${lamp.id} data-state=${state}>
    <a class="line" href=${linkTo('lamp', lamp.id)}>
      <${Sign} state=${state} />
      <span><b>${lamp.name}</b><br />
        <span class="sentence">${lampSentence(lamp, asked(), nowMs.value)}</span></span>
    </a>
    <${Pair} of=${lamp.name} test="lamp" onTurn=${turn} on=${t('turn.on')} off=${t('turn.off')} />
  </li>`;
}
