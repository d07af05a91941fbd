// What a lamp may be said to do: only what it reported, and how old that is.
import { t } from './i18n.js';
import { ago, dated, moment } from './time.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').LampState} LampState */
/** @typedef {import('./types.js').Turn} Turn */

/**
 * What this phone has asked for and not seen answered.
 *
 * @typedef {object} Asked
 * @property {ReadonlyMap<string, Turn>} pending
 * @property {ReadonlyMap<string, Turn>} unanswered
 */

/**
 * @param {Device} device
 * @param {Asked} asked
 * @returns {LampState}
 */
export function lampState(device, asked) {
  if (device.open || asked.pending.has(device.id)) return 'waiting';
  if (asked.unanswered.has(device.id) || disobeys(device)) return 'unconfirmed';
  if (isUnheard(device)) return 'unknown';
  return device.state.on ? 'lit' : 'dark';
}

/** @param {Device} device */
export function isUnheard(device) {
  const { state, availability } = device;
  return availability === 'offline' || state.stale || state.on === null || state.on === undefined;
}

/**
 * Something is wanted and the last report says otherwise. A lamp switched by hand since then is
 * not disobedient: it is shown as it is.
 *
 * @param {Device} device
 */
function disobeys({ state, target }) {
  if (!target || target.on === null || target.on === undefined) return false;
  if (state.on === target.on) return false;
  if (state.source !== 'local') return true;
  return Boolean(target.since && state.reported_at && target.since > state.reported_at);
}

/**
 * Which way a command goes that has not been answered.
 *
 * @param {Device} device
 * @param {Asked} asked
 * @returns {Turn}
 */
function wanted(device, asked) {
  const own = asked.pending.get(device.id) ?? asked.unanswered.get(device.id);
  if (own) return own;
  return device.target?.on === false ? 'off' : 'on';
}

/**
 * The state as a sentence without its subject: "đang sáng, đèn báo lúc 18:42".
 *
 * @param {Device} device
 * @param {Asked} asked
 * @param {number} nowMs
 */
export function lampSentence(device, asked, nowMs) {
  const state = lampState(device, asked);
  if (state === 'waiting') return t(`lamp.waiting_${wanted(device, asked)}`);
  if (state === 'unconfirmed') return t(`lamp.unconfirmed_${wanted(device, asked)}`);
  if (state === 'unknown') return unheardSentence(device, nowMs);
  const time = device.state.reported_at ? moment(device.state.reported_at, nowMs) : '';
  const local = device.state.source === 'local' ? '_by_hand' : '';
  const level = device.state.level ?? 100;
  if (state === 'lit' && !local && level > 0 && level < 100) return t('lamp.lit_level', { time, level });
  return t(`lamp.${state}${local}`, { time });
}

/**
 * @param {Device} device
 * @param {number} nowMs
 */
export function unheardSentence(device, nowMs) {
  const { on, reported_at: at } = device.state;
  if (!at) return t('lamp.never_heard');
  const age = ago(at, nowMs);
  if (on === null || on === undefined) return t('lamp.unheard', { age });
  return t('lamp.unheard_last', { age, last: t(on ? 'lamp.was_lit' : 'lamp.was_dark') });
}

/**
 * Who wants it so, why and until when; empty where nobody asked.
 *
 * @param {Device} device
 * @param {number} nowMs
 */
export function targetSentence(device, nowMs) {
  const { target } = device;
  if (!target || target.on === null || target.on === undefined) return '';
  const turn = target.on ? 'on' : 'off';
  const by = target.by || (target.source === 'programme' ? t('target.programme') : '');
  const parts = [by ? t(`target.${turn}_by`, { by }) : t(`target.${turn}`)];
  if (target.until) parts.push(t('target.until', { time: dated(target.until, nowMs) }));
  if (target.reason) parts.push(target.reason);
  return parts.join(', ');
}

/**
 * @param {readonly Device[]} lamps
 * @param {Asked} asked
 */
export function count(lamps, asked) {
  const states = lamps.map((lamp) => lampState(lamp, asked));
  return {
    total: lamps.length,
    lit: states.filter((state) => state === 'lit').length,
    unsure: states.filter((state) => state === 'unknown' || state === 'unconfirmed').length,
    waiting: states.filter((state) => state === 'waiting').length,
  };
}

/**
 * "7/9 đang sáng, 1 đèn chưa rõ".
 *
 * @param {ReturnType<typeof count>} lamps
 */
export function countSentence(lamps) {
  const parts = [t('lights.lit_of', { lit: lamps.lit, total: lamps.total })];
  if (lamps.waiting) parts.push(t('lights.waiting', { n: lamps.waiting }));
  if (lamps.unsure) parts.push(t('lights.unsure', { n: lamps.unsure }));
  return parts.join(', ');
}
