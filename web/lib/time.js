// Times as the village reads them, always in the village's own zone.
import { t } from './i18n.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let zone = 'Asia/Ho_Chi_Minh';
let format = formatFor(zone);

/** @param {string} timeZone */
function formatFor(timeZone) {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
}

/** @param {string} timeZone an IANA name */
export function useZone(timeZone) {
  zone = timeZone;
  format = formatFor(zone);
}

/**
 * The wall clock at an instant, as numbers; `day` counts days since 1970 by that clock.
 *
 * @param {number} ms
 */
export function wall(ms) {
  /** @type {Record<string, number>} */
  const part = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const asUtc = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return {
    year: part.year, month: part.month, date: part.day, hour: part.hour, minute: part.minute,
    day: Math.floor(asUtc / DAY_MS),
    offsetMs: asUtc - Math.floor(ms / 1000) * 1000,
  };
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, '0');

/**
 * "18:42".
 *
 * @param {string | number} instant
 */
export function clock(instant) {
  const { hour, minute } = wall(new Date(instant).getTime());
  return `${two(hour)}:${two(minute)}`;
}

/**
 * "18:42", with the day in words when it is not today.
 *
 * @param {string | number} instant
 * @param {number} nowMs
 */
export function moment(instant, nowMs) {
  const then = wall(new Date(instant).getTime());
  const time = `${two(then.hour)}:${two(then.minute)}`;
  const days = then.day - wall(nowMs).day;
  if (days === 0) return time;
  if (days === 1) return t('time.tomorrow', { time });
  if (days === -1) return t('time.yesterday', { time });
  return t('time.on_date', { time, date: `${then.date}/${then.month}` });
}

/**
 * As `moment`, and says "today" too: for what is still to come.
 *
 * @param {string | number} instant
 * @param {number} nowMs
 */
export function dated(instant, nowMs) {
  return isToday(instant, nowMs) ? t('time.today', { time: clock(instant) }) : moment(instant, nowMs);
}

/**
 * @param {string | number} instant
 * @param {number} nowMs
 */
export const isToday = (instant, nowMs) =>
  wall(new Date(instant).getTime()).day === wall(nowMs).day;

/**
 * "3 giờ trước".
 *
 * @param {string | number} instant
 * @param {number} nowMs
 */
export function ago(instant, nowMs) {
  const age = Math.max(0, nowMs - new Date(instant).getTime());
  if (age < MINUTE_MS) return t('time.just_now');
  if (age < HOUR_MS) return t('time.minutes_ago', { n: Math.floor(age / MINUTE_MS) });
  if (age < DAY_MS) return t('time.hours_ago', { n: Math.floor(age / HOUR_MS) });
  return t('time.days_ago', { n: Math.floor(age / DAY_MS) });
}

/**
 * The next time that the village's clock shows `hhmm`.
 *
 * @param {string} hhmm
 * @param {number} nowMs
 */
export function nextAt(hhmm, nowMs) {
  const [hour, minute] = hhmm.split(':').map(Number);
  const today = wall(nowMs);
  const at = Date.UTC(today.year, today.month - 1, today.date, hour, minute) - today.offsetMs;
  return at > nowMs ? at : at + DAY_MS;
}

/**
 * ISO 8601 with the village's offset, to the second.
 *
 * @param {number} ms
 */
export function iso(ms) {
  const { offsetMs } = wall(ms);
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const offset = `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return new Date(ms + offsetMs).toISOString().slice(0, 19) + offset;
}

export const hour = HOUR_MS;
