// Schedules as sentences, and the form's answers as schedules.
import { audienceOf } from './audience.js';
import { t } from './i18n.js';
import { namesOf } from './village.js';

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Schedule} Schedule */
/** @typedef {import('./types.js').Trigger} Trigger */
/** @typedef {import('./types.js').Turn} Turn */
/** @typedef {import('./types.js').Zone} Zone */

export const EVERY_DAY = Object.freeze([1, 2, 3, 4, 5, 6, 7]);

/**
 * The form of one schedule, as it is typed.
 *
 * @typedef {object} Plan
 * @property {'light' | 'announcement' | 'wifi'} what
 * @property {Turn} turn
 * @property {string[]} zones
 * @property {string[]} devices
 * @property {string} text
 * @property {number} repeat
 * @property {'sunset' | 'sunrise' | 'time'} when
 * @property {number} offset minutes, after the sun's event when positive
 * @property {string} time
 * @property {number[]} days
 */

/** @type {Readonly<Plan>} */
export const EMPTY_PLAN = Object.freeze({
  what: 'light', turn: 'on', zones: [], devices: [], text: '', repeat: 1,
  when: 'sunset', offset: 0, time: '17:30', days: [...EVERY_DAY],
});

/**
 * @param {Schedule} schedule
 * @returns {Plan}
 */
export function planOf({ trigger, action }) {
  const plan = { ...EMPTY_PLAN, what: action.type };
  if (action.type === 'wifi') Object.assign(plan, { turn: action.turn, devices: action.devices });
  else plan.zones = action.zones;
  if (action.type === 'light') plan.turn = action.turn;
  if (action.type === 'announcement') Object.assign(plan, { text: action.text, repeat: action.repeat });
  if (trigger.type === 'sun') Object.assign(plan, { when: trigger.event, offset: trigger.offset_minutes });
  else Object.assign(plan, { when: 'time', time: trigger.time });
  plan.days = trigger.days?.length ? [...trigger.days] : [...EVERY_DAY];
  return plan;
}

/**
 * @param {Plan} plan
 * @returns {Trigger}
 */
export function triggerOf({ when, offset, time, days }) {
  const chosen = [...days].sort((a, b) => a - b);
  if (when === 'time') return { type: 'weekly', days: chosen, time };
  return { type: 'sun', event: when, offset_minutes: offset, days: chosen };
}

/**
 * @param {Plan} plan
 * @returns {Action}
 */
export function actionOf({ what, turn, zones, devices, text, repeat }) {
  if (what === 'light') return { type: 'light', zones, turn };
  if (what === 'wifi') return { type: 'wifi', devices, turn };
  return { type: 'announcement', zones, text, class: 'normal', repeat };
}

/**
 * The first thing that is missing, as a locale key; empty when the plan is whole.
 *
 * @param {Plan} plan
 */
export function missing(plan) {
  if (plan.what === 'announcement' && !plan.text.trim()) return 'announce.need_text';
  if (plan.what === 'wifi' && plan.devices.length === 0) return 'plan.need_wifi';
  if (plan.what !== 'wifi' && plan.zones.length === 0) return 'plan.need_road';
  if (plan.days.length === 0) return 'plan.need_day';
  return plan.when === 'time' && !plan.time ? 'plan.need_time' : '';
}

/**
 * "bật đèn Đường làng, Ngõ 1".
 *
 * @param {Action} action
 * @param {ReadonlyMap<string, Zone>} zones
 * @param {ReadonlyMap<string, Device>} devices
 */
export function actionSentence(action, zones, devices) {
  if (action.type === 'wifi') {
    const names = action.devices.map((id) => devices.get(id)?.name ?? '').filter(Boolean).join(', ');
    return t(`plan.wifi_${action.turn}`, { names });
  }
  const names = audienceOf(action.zones, zones) || namesOf(action.zones, zones);
  if (action.type === 'light') return t(`plan.light_${action.turn}`, { names });
  return t('plan.speak', { names, text: action.text });
}

/**
 * "mỗi ngày, lúc mặt trời lặn".
 *
 * @param {Trigger} trigger
 */
export function triggerSentence(trigger) {
  const days = daysSentence(trigger.days ?? EVERY_DAY);
  if (trigger.type === 'weekly') return t('plan.at_time', { days, time: trigger.time });
  const n = Math.abs(trigger.offset_minutes);
  if (n === 0) return t(`plan.${trigger.event}`, { days });
  return t(`plan.${trigger.event}_${trigger.offset_minutes < 0 ? 'before' : 'after'}`, { days, n });
}

/** @param {readonly number[]} days */
function daysSentence(days) {
  if (days.length === 0 || days.length === 7) return t('plan.every_day');
  return [...days].sort((a, b) => a - b).map((day) => t(`day.${day}`)).join(', ');
}

/**
 * The nearest first; what will not happen last.
 *
 * @param {Iterable<Schedule>} schedules
 */
export function inTimeOrder(schedules) {
  /** @param {Schedule} one */
  const at = (one) => (one.enabled && one.next_at ? new Date(one.next_at).getTime() : Infinity);
  return [...schedules].sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
}
