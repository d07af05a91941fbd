import { Choices, SelectField, Several, TextField } from '../components/controls.js';
import { Missing, Page, Wait } from '../components/page.js';
import { attempt } from '../lib/acts.js';
import * as api from '../lib/api.js';
import { html, useState } from '../lib/html.js';
import { capital, t } from '../lib/i18n.js';
import { go, goInstead } from '../lib/router.js';
import { actionOf, actionSentence, EMPTY_PLAN, EVERY_DAY, missing, planOf, triggerOf, triggerSentence } from '../lib/schedules.js';
import { devices, link, say, schedules, takeAnswer, zones } from '../lib/store.js';
import { tidy } from '../lib/text.js';
import { inOrder, ofKind } from '../lib/village.js';

/** @typedef {import('../lib/schedules.js').Plan} Plan */
/** @typedef {import('../lib/types.js').Schedule} Schedule */

/** @typedef {{ plan: Plan, change: (changes: Partial<Plan>) => void }} Part */

const OFFSETS = [-60, -30, -20, -10, 0, 10, 20, 30, 60];
const LONGEST_NAME = 80;

/** @param {readonly string[]} keys */
const options = (...keys) => keys.map((key) => ({ value: key.split('.').pop() ?? '', label: t(key) }));

/** @param {Part} props */
function What({ plan, change }) {
  const wifi = ofKind('access_point', devices.value).map((one) => ({ value: one.id, label: one.name }));
  const roads = inOrder(zones.value).map((zone) => ({ value: zone.id, label: zone.name }));
  return html`<div>
    <${Choices} tall legend=${t('form.what')} value=${plan.what} test="schedule-what"
      options=${options('form.light', 'form.announcement', 'form.wifi')}
      onChange=${(/** @type {Plan['what']} */ what) => change({ what, when: what === 'light' ? plan.when : 'time' })} />
    ${plan.what !== 'announcement' && html`<${Choices} legend=${t('form.turn')} value=${plan.turn} test="schedule-turn"
      options=${options('turn.on', 'turn.off')} onChange=${(/** @type {Plan['turn']} */ turn) => change({ turn })} />`}
    ${plan.what === 'announcement' && html`<${TextField} label=${t('announce.text')} rows=${4} most=${2000} value=${plan.text}
      test="schedule-text" onChange=${(/** @type {string} */ text) => change({ text })} />`}
    ${plan.what === 'wifi' ? html`<${Several} legend=${t('form.which_wifi')} values=${plan.devices} options=${wifi}
        test="schedule-wifi" onChange=${(/** @type {string[]} */ chosen) => change({ devices: chosen })} />`
      : html`<${Several} legend=${t('form.where')} values=${plan.zones} options=${roads}
        test="schedule-zone" onChange=${(/** @type {string[]} */ chosen) => change({ zones: chosen })} />`}
  </div>`;
}

/** @param {Part} props */
function When({ plan, change }) {
  const days = EVERY_DAY.map((day) => ({ value: String(day), label: capital(t(`day.${day}`)) }));
  const known = OFFSETS.includes(plan.offset) ? OFFSETS : [...OFFSETS, plan.offset].sort((a, b) => a - b);
  const offsets = known.map((n) => ({
    value: String(n), label: n === 0 ? t('form.right_then') : t(n < 0 ? 'form.before' : 'form.after', { n: Math.abs(n) }),
  }));
  return html`<div>
    ${plan.what === 'light' && html`<${Choices} tall legend=${t('form.when')} value=${plan.when} test="schedule-when"
      options=${options('form.sunset', 'form.sunrise', 'form.time')}
      onChange=${(/** @type {Plan['when']} */ when) => change({ when })} />`}
    ${plan.when === 'time' ? html`<${TextField} label=${t('form.clock')} type="time" value=${plan.time} test="schedule-time"
        onChange=${(/** @type {string} */ time) => change({ time })} />`
      : html`<${SelectField} label=${t('form.offset')} value=${String(plan.offset)} options=${offsets} test="schedule-offset"
        onChange=${(/** @type {string} */ n) => change({ offset: Number(n) })} />`}
    <${Several} pairs legend=${t('form.days')} values=${plan.days.map(String)} options=${days} test="schedule-day"
      onChange=${(/** @type {string[]} */ chosen) => change({ days: chosen.map(Number) })} />
  </div>`;
}

/** @param {{ one: Schedule }} props */
function Existing({ one }) {
  const pause = () => attempt(async () => takeAnswer(
    'schedule', await api.patch(`/schedules/${one.id}`, { enabled: !one.enabled })), t('saved'));
  const { name, trigger, action, enabled } = one;
  const back = () => void attempt(async () => takeAnswer(
    'schedule', await api.post('/schedules', { name, trigger, action, enabled })), t('saved'));
  const takeOut = async () => {
    const gone = await attempt(async () => {
      await api.remove(`/schedules/${one.id}`);
      takeAnswer('schedule', { id: one.id, removed: true });
    });
    if (!gone) return;
    say(t('schedules.removed'), 'good', back);
    go('schedules');
  };
  return html`<section class="apart">
    <button type="button" class="button" data-test="schedule-pause" onClick=${pause}>
      ${one.enabled ? t('schedules.pause') : t('schedules.resume')}</button>
    <button type="button" class="button danger" data-test="schedule-remove" onClick=${takeOut}>${t('schedules.remove')}</button>
  </section>`;
}

/** @param {{ one: Schedule | undefined }} props */
function Form({ one }) {
  const [plan, setPlan] = useState(/** @returns {Plan} */ () => (one ? planOf(one) : { ...EMPTY_PLAN }));
  /** @param {Partial<Plan>} changes */
  const change = (changes) => setPlan({ ...plan, ...changes });
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    const lacking = missing(plan);
    if (lacking) return say(t(lacking), 'bad');
    const trigger = triggerOf(plan);
    const action = actionOf({ ...plan, text: tidy(plan.text) });
    const name = capital(actionSentence(action, zones.peek(), devices.peek())).slice(0, LONGEST_NAME);
    const body = { name, trigger, action };
    const save = async () => takeAnswer('schedule', one
      ? await api.patch(`/schedules/${one.id}`, body)
      : await api.post('/schedules', { ...body, enabled: true }));
    if (await attempt(save, t('schedules.saved'))) goInstead('schedules');
  };
  return html`<form onSubmit=${send} data-test="schedule-form">
    <${What} plan=${plan} change=${change} />
    <${When} plan=${plan} change=${change} />
    <p class="summary" data-test="schedule-summary">${capital(triggerSentence(triggerOf(plan)))}:${' '}
      ${actionSentence(actionOf(plan), zones.value, devices.value)}</p>
    <button class="button main act" data-test="schedule-save">${t('schedules.save')}</button>
  </form>`;
}

/** @param {{ id: string }} props */
export default function ScheduleScreen({ id }) {
  const one = schedules.value.get(id);
  if (link.value === 'waiting') return html`<${Page} title=${t('schedules.title')} back="schedules"><${Wait} /><//>`;
  if (!one && id !== 'new') return html`<${Missing} back="schedules" />`;
  return html`<${Page} title=${one ? t('schedules.edit') : t('schedules.add')} back="schedules">
    <${Form} one=${one} />
    ${one && html`<${Existing} one=${one} />`}
  <//>`;
}
