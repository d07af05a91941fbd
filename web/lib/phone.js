// What the phone itself keeps and offers: the language, the size of the letters, an unfinished text,
// a place on the home screen. A browser may refuse any of it; the page works all the same.

/**
 * @param {string} key
 * @returns {any} null when nothing is kept
 */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private browsing, or no room: then it lasts as long as the page.
  }
}

/** @typedef {Event & { prompt: () => Promise<unknown> }} Offer */

/** @type {Offer | null} */
let offer = null;

/** Keep the browser's offer for the moment when the person asks for it. */
export function awaitOffer() {
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = /** @type {Offer} */ (event);
  });
}

export const canInstall = () => offer !== null;

export async function install() {
  const asked = offer;
  offer = null;
  await asked?.prompt();
}

/** Keep the page itself on the phone; the browser allows it on secure connections alone. */
export function keepShell() {
  if (!('serviceWorker' in navigator)) return;
  // After the first picture: keeping the files must not compete with showing them.
  setTimeout(registerWorker, 3000);
}

async function registerWorker() {
  try {
    const registration = await navigator.serviceWorker.register('/sw.js');
    if (registration.waiting && !location.hash) letIn(registration.waiting);
  } catch {
    // Without it the page loads from the hub each time, as on plain http.
  }
}

/**
 * A page that still shows its first screen may begin anew with the new version.
 *
 * @param {ServiceWorker} waiting
 */
function letIn(waiting) {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take over');
}
