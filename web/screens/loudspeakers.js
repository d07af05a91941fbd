import { Page, Wait } from '../components/page.js';
import { Sign } from '../components/signs.js';
import { setVolume } from '../lib/acts.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { devices, nowMs, zones } from '../lib/store.js';
import { ago, moment } from '../lib/time.js';
import { ofKind } from '../lib/village.js';

/** @typedef {import('../lib/types.js').Device} Device */

const STEP_PERCENT = 10;

/** @param {Device} one */
function sentence(one) {
  const at = one.state.reported_at;
  if (!at) return t('lamp.never_heard');
  if (one.availability !== 'online' || one.state.stale) return t('lamp.unheard', { age: ago(at, nowMs.value) });
  return t('loudspeakers.ready', { time: moment(at, nowMs.value) });
}

/** @param {{ one: Device }} props */
function Loudspeaker({ one }) {
  const { volume } = one.state;
  const heard = one.availability === 'online' && !one.state.stale;
  /** @param {number} step */
  const turn = (step) => void setVolume(one, Math.max(0, Math.min(100, (volume ?? 50) + step)));
  const road = one.zone ? zones.value.get(one.zone)?.name : t('loudspeakers.no_road');
  return html`<li data-test="loudspeaker" data-device=${one.id} data-volume=${volume}>
    <div class="line"><${Sign} state=${heard ? 'good' : 'unknown'} />
      <span><b>${one.name}</b><br /><span class="quiet">${road}</span><br /><span class="sentence">${sentence(one)}</span></span></div>
    <p>${volume === undefined || volume === null ? t('volume.unknown') : t('volume.now', { percent: volume })}</p>
    <div class="pair">
      <button type="button" class="button" data-test="volume-down" aria-label=${`${t('volume.down')}: ${one.name}`}
        onClick=${() => turn(-STEP_PERCENT)}>${t('volume.down')}</button>
      <button type="button" class="button" data-test="volume-up" aria-label=${`${t('volume.up')}: ${one.name}`}
        onClick=${() => turn(STEP_PERCENT)}>${t('volume.up')}</button>
    </div>
    <a class="button" href=${linkTo('edit', one.id)} aria-label=${`${t('edit.link')}: ${one.name}`}>${t('edit.link')}</a>
  </li>`;
}

export default function Loudspeakers() {
  const all = ofKind('loudspeaker', devices.value);
  return html`<${Page} title=${t('loudspeakers.title')} back="announce">
    <${Wait}>
      ${all.length === 0 && html`<p>${t('loudspeakers.none')}</p>`}
      <ul class="plain rows-wide">${all.map((one) => html`<${Loudspeaker} key=${one.id} one=${one} />`)}</ul>
    <//>
  <//>`;
}
