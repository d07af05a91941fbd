import { Choices, Several } from '../components/controls.js';
import { Page, Wait } from '../components/page.js';
import { loudspeakers, strayLoudspeakers } from '../lib/audience.js';
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { go, linkTo } from '../lib/router.js';
import { devices, draft, EMPTY_DRAFT, say, setDraft, zones } from '../lib/store.js';
import { devicesIn, inOrder, wholeVillage } from '../lib/village.js';

function roadsWithSound() {
  const whole = wholeVillage(zones.value);
  return inOrder(zones.value).filter((zone) => zone.id !== whole?.id).flatMap((zone) => {
    const n = devicesIn('loudspeaker', [zone.id], zones.value, devices.value).length;
    return n ? [{ value: zone.id, label: t('where.road', { name: zone.name, n }) }] : [];
  });
}

/** Second step: who hears it, and how often. */
export default function AnnounceWhere() {
  const { whole, zones: chosen, repeat } = draft.value;
  const everywhere = loudspeakers({ ...EMPTY_DRAFT, whole: true }, zones.value, devices.value).length;
  const stray = strayLoudspeakers(zones.value, devices.value).length;
  const next = () => {
    if (loudspeakers(draft.value, zones.value, devices.value).length === 0) return say(t('where.nobody'), 'bad');
    go('announce-check');
  };
  return html`<${Page} title=${t('where.title')} back="announce">
    <${Wait}>
      <${Choices} tall legend=${t('where.legend')} value=${whole ? 'whole' : 'some'} test="announce-where"
        options=${[{ value: 'whole', label: t('where.whole', { n: everywhere }) }, { value: 'some', label: t('where.some') }]}
        onChange=${(/** @type {string} */ value) => setDraft({ whole: value === 'whole' })} />
      ${!whole && html`<${Several} legend=${t('where.roads')} values=${chosen} options=${roadsWithSound()}
        test="announce-zone" onChange=${(/** @type {string[]} */ value) => setDraft({ zones: value })} />`}
      ${stray > 0 && html`<p class="quiet">${t('where.stray', { n: stray })}</p>`}
      <${Choices} legend=${t('where.repeat')} value=${String(repeat)} test="announce-repeat"
        options=${[{ value: '1', label: t('where.once') }, { value: '2', label: t('where.twice') }]}
        onChange=${(/** @type {string} */ value) => setDraft({ repeat: Number(value) })} />
      <button type="button" class="button main act" data-test="announce-next" onClick=${next}>${t('where.next')}</button>
      <a class="button" href=${linkTo('announce')}>${t('announce.edit')}</a>
    <//>
  <//>`;
}
