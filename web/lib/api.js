// The only place that calls fetch.

/** An answer that is not a success. `code` is the hub's, or "unreachable" when no answer came. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   */
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

const BASE = '/api/v1';
const ANSWER_TIMEOUT_MS = 15_000;

/** A key that lets the hub recognise the same act sent twice; works without a secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {Response} response */
async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const code = typeof body.code === 'string' ? body.code : String(response.status);
  return new ApiError(response.status, code, String(body.detail ?? ''));
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function ask(url, options) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_TIMEOUT_MS);
  try {
    return await fetch(url, { ...options, signal: limit.signal, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, 'unreachable', 'No answer from the hub.');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [key]
 * @returns {Promise<any>} the JSON answer, or null when there is none
 */
async function call(method, path, body, key) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'POST') headers['Idempotency-Key'] = key ?? newKey();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await ask(BASE + path, { method, headers, body: text });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return null;
  return response.json().catch(() => null);
}

/** @param {string} path */
export const get = (path) => call('GET', path);

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [key] the same key for the same act tried again
 */
export const post = (path, body, key) => call('POST', path, body ?? {}, key);

/**
 * @param {string} path
 * @param {unknown} body
 */
export const patch = (path, body) => call('PATCH', path, body);

/** @param {string} path */
export const remove = (path) => call('DELETE', path);

/** @param {string} language */
export async function getLocale(language) {
  const response = await ask(`/locales/${language}.json`, {});
  if (!response.ok) throw await problemOf(response);
  return /** @type {Record<string, string>} */ (await response.json());
}

/** Whether the hub answers at all: an event stream can die without a word. */
export async function isReachable() {
  try {
    await call('GET', '/health');
    return true;
  } catch {
    return false;
  }
}
