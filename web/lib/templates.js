// Ready-made announcements. The words are spoken, so they are Vietnamese whatever the screen's language;
// {blanks} are asked for on the screen, by the names in the locale.
import { tidy } from './text.js';

/** @typedef {{ id: string, text: string }} Template */

/** @type {readonly Template[]} */
export const TEMPLATES = [
  {
    id: 'meeting',
    text: 'Mời bà con đi họp thôn lúc {time} ngày {date}, tại {place}. Nội dung cuộc họp: {about}. '
      + 'Mong bà con đến đông đủ, đúng giờ.',
  },
  {
    id: 'power',
    text: 'Thông báo cúp điện. Ngày {date}, từ {from} đến {to}, điện lực cúp điện tại {place} để sửa chữa. '
      + 'Bà con chủ động công việc và nhớ tắt các đồ điện trong nhà.',
  },
  {
    id: 'vaccine',
    text: 'Trạm y tế mời {who} đi tiêm chủng lúc {time} ngày {date}, tại {place}. '
      + 'Bà con nhớ mang theo sổ tiêm chủng.',
  },
  {
    id: 'cleaning',
    text: 'Ngày {date}, từ {time}, thôn ta tổng vệ sinh môi trường. Bà con tập trung tại {place}. '
      + 'Mỗi nhà cử một người, mang theo {bring}.',
  },
  {
    id: 'correction',
    text: 'Đính chính. Thông báo trước có nói {wrong} là chưa đúng. Xin báo lại cho đúng như sau: {right}. '
      + 'Mong bà con thông cảm.',
  },
];

const BLANK = /\{(\w+)\}/g;

/** @param {string} id */
export const findTemplate = (id) => TEMPLATES.find((one) => one.id === id) ?? null;

/** @param {Template} template */
export const blanksOf = (template) => [...template.text.matchAll(BLANK)].map((found) => found[1]);

/**
 * How a blank is typed: a time, a day or words.
 *
 * @param {string} blank
 */
export function typeOf(blank) {
  if (blank === 'date') return 'date';
  return ['time', 'from', 'to'].includes(blank) ? 'time' : 'text';
}

/**
 * What is spoken for a typed blank: "2026-11-25" becomes "25/11", "19:30" becomes "19 giờ 30".
 *
 * @param {string} blank
 * @param {string} value
 */
export function spokenBlank(blank, value) {
  const date = /^\d{4}-(\d\d)-(\d\d)$/.exec(value);
  if (typeOf(blank) === 'date' && date) return `${Number(date[2])}/${Number(date[1])}`;
  const time = /^(\d\d):(\d\d)$/.exec(value);
  if (typeOf(blank) !== 'time' || !time) return tidy(value);
  return time[2] === '00' ? `${Number(time[1])} giờ` : `${Number(time[1])} giờ ${time[2]}`;
}

/**
 * The text with its blanks filled; a blank not yet typed stays as "…".
 *
 * @param {Template} template
 * @param {Record<string, string>} values
 */
export const written = (template, values) =>
  template.text.replace(BLANK, (_, blank) => spokenBlank(blank, values[blank] ?? '') || '…');

/**
 * @param {Template} template
 * @param {Record<string, string>} values
 */
export const emptyBlanks = (template, values) =>
  blanksOf(template).filter((blank) => !tidy(values[blank] ?? ''));
