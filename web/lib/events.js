// The only place that opens the event stream.
import { get, isReachable } from './api.js';
import * as store from './store.js';

const KINDS = [
  'device', 'zone', 'camera', 'schedule', 'announcement', 'delivery', 'command', 'found', 'broker',
];
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
// The hub's signs of life are not visible to a page, so after this silence we ask.
const SILENCE_MS = 20_000;

/** @type {EventSource | null} */
let stream = null;
let waitMs = FIRST_WAIT_MS;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;
let lastEventMs = 0;
let onSignedOut = () => {};
let watched = false;

/**
 * Listen for ever; after a loss, begin anew with a fresh snapshot.
 *
 * @param {() => void} signedOut called when the hub no longer knows this phone
 */
export function listen(signedOut) {
  onSignedOut = signedOut;
  if (!watched) watch();
  watched = true;
  open();
}

function watch() {
  document.addEventListener('visibilitychange', check);
  window.addEventListener('online', reopen);
  window.addEventListener('offline', lost);
  setInterval(check, SILENCE_MS);
}

export function close() {
  clearTimeout(again);
  stream?.close();
  stream = null;
}

function open() {
  close();
  stream = new EventSource('/api/v1/events');
  stream.addEventListener('snapshot', (event) => {
    waitMs = FIRST_WAIT_MS;
    lastEventMs = Date.now();
    store.takeSnapshot(JSON.parse(event.data));
  });
  for (const kind of KINDS) {
    stream.addEventListener(kind, (event) => {
      lastEventMs = Date.now();
      store.takeEvent(kind, JSON.parse(event.data));
    });
  }
  stream.onerror = lost;
}

function lost() {
  close();
  store.loseLink();
  again = setTimeout(reopen, waitMs * (0.75 + Math.random() / 2));
  waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
}

async function reopen() {
  clearTimeout(again);
  try {
    await get('/session');
    open();
  } catch (error) {
    if (/** @type {{ status?: number }} */ (error).status === 401) onSignedOut();
    else lost();
  }
}

async function check() {
  if (document.hidden || !stream) return;
  if (Date.now() - lastEventMs < SILENCE_MS) return;
  if (!(await isReachable())) lost();
}
