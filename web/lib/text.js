// Vietnamese text as people type it.

/**
 * One form for one word: composed marks, single spaces, no spaces at the ends.
 *
 * @param {string} text
 */
export const tidy = (text) => text.normalize('NFC').replace(/[^\S\n]+/g, ' ').trim();

/**
 * Without tone marks, hooks and case, đ as d: "Đèn Ngõ" and "den ngo" are the same search.
 *
 * @param {string} text
 */
export function fold(text) {
  const bare = text.normalize('NFD').replace(/\p{M}/gu, '');
  return bare.replace(/[đĐ]/g, 'd').toLowerCase().replace(/\s+/g, ' ').trim();
}

/**
 * @param {string} text
 * @param {string} wanted
 */
export const matches = (text, wanted) => fold(text).includes(fold(wanted));

const byName = new Intl.Collator('vi', { numeric: true });

/**
 * @param {{ name: string }} a
 * @param {{ name: string }} b
 */
export const inNameOrder = (a, b) => byName.compare(a.name, b.name);

/**
 * The secret of a sign-in link, or of a code typed alone.
 *
 * @param {string} text
 */
export function codeIn(text) {
  const found = /sign-in=([^&\s]+)/.exec(text);
  return found ? decodeURIComponent(found[1]) : text.trim();
}
