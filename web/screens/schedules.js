import { Page, Wait } from '../components/page.js';
import { lastRunSentence } from '../lib/attention.js';
import { html } from '../lib/html.js';
import { capital, t } from '../lib/i18n.js';
import { linkTo } from '../lib/router.js';
import { actionSentence, inTimeOrder, triggerSentence } from '../lib/schedules.js';
import { devices, nowMs, schedules, zones } from '../lib/store.js';
import { dated } from '../lib/time.js';

/** @typedef {import('../lib/types.js').Schedule} Schedule */

/** @param {{ one: Schedule }} props */
function Line({ one }) {
  const next = one.enabled && one.next_at ? capital(dated(one.next_at, nowMs.value)) : t('schedules.paused');
  const last = lastRunSentence(one, nowMs.value);
  return html`<li data-test="schedule" data-schedule=${one.id}>
    <a class="card" href=${linkTo('schedule', one.id)}>
      <b>${next}: ${actionSentence(one.action, zones.value, devices.value)}</b>
      <span class="sentence">${capital(triggerSentence(one.trigger))}</span>
      ${last && html`<span class="quiet">${last}</span>`}
    </a>
  </li>`;
}

/** Lights, loudspeakers and wifi in one list, in the order of time. */
export default function Schedules() {
  const all = inTimeOrder(schedules.value.values());
  return html`<${Page} title=${t('schedules.title')} back="home">
    <${Wait}>
      ${all.length === 0 && html`<p>${t('schedules.none')}</p>`}
      <ul class="plain cards">${all.map((one) => html`<${Line} key=${one.id} one=${one} />`)}</ul>
      <a class="button main act" href=${linkTo('schedule', 'new')} data-test="schedule-add">${t('schedules.add')}</a>
    <//>
  <//>`;
}
