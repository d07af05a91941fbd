// Words of the screen: Vietnamese first, English second, both in /locales/.
import { signal } from '../vendor/preact-signals-core.module.js';

/** @typedef {import('./types.js').Words} Words */

/** @type {import('../vendor/preact-signals-core.module.js').Signal<Record<string, string>>} */
const sentences = signal({});

/** @param {Record<string, string>} locale */
export function useWords(locale) {
  sentences.value = locale;
}

/**
 * Fill `{name}` with a value and `{name|one|many}` with the form that the number asks for.
 *
 * @param {string} sentence
 * @param {Words} words
 */
export function fill(sentence, words) {
  return sentence.replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (whole, name, one, many) => {
    if (!(name in words)) return whole;
    const value = words[name];
    if (one === undefined) return String(value);
    return Number(value) === 1 ? one : many;
  });
}

/**
 * The sentence for a key; the key itself where none is written.
 *
 * @param {string} key
 * @param {Words} [words]
 */
export function t(key, words) {
  const sentence = sentences.value[key];
  if (sentence === undefined) return key;
  return words ? fill(sentence, words) : sentence;
}

/** @param {string} key */
export const has = (key) => key in sentences.value;

/**
 * What went wrong, in words: never a number, never English in a Vietnamese page.
 *
 * @param {unknown} error
 */
export function sayError(error) {
  const code = /** @type {{ code?: unknown }} */ (error)?.code;
  const key = `error.${String(code)}`;
  return has(key) ? t(key) : t('error.other');
}

/** @param {string} text */
export const capital = (text) => text.charAt(0).toLocaleUpperCase('vi') + text.slice(1);
