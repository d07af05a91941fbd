// The one place that changes what all screens share.
import { batch, computed, signal } from '../vendor/preact-signals-core.module.js';

/** @typedef {import('./types.js').Announcement} Announcement */
/** @typedef {import('./types.js').Camera} Camera */
/** @typedef {import('./types.js').Delivery} Delivery */
/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Draft} Draft */
/** @typedef {import('./types.js').Found} Found */
/** @typedef {import('./types.js').Outcome} Outcome */
/** @typedef {import('./types.js').Route} Route */
/** @typedef {import('./types.js').Schedule} Schedule */
/** @typedef {import('./types.js').Session} Session */
/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('./types.js').Turn} Turn */
/** @typedef {import('./types.js').Zone} Zone */

/**
 * @template T
 * @typedef {import('../vendor/preact-signals-core.module.js').Signal<T>} Signal
 */
/**
 * @template T
 * @typedef {ReadonlyMap<string, T>} ById
 */

/** @type {Signal<Session | null>} */
export const session = signal(/** @type {Session | null} */ (null));
/** @type {Signal<ById<Device>>} */
export const devices = signal(new Map());
/** @type {Signal<ById<Zone>>} */
export const zones = signal(new Map());
/** @type {Signal<ById<Camera>>} */
export const cameras = signal(new Map());
/** @type {Signal<ById<Announcement>>} */
export const announcements = signal(new Map());
/** @type {Signal<ById<Schedule>>} */
export const schedules = signal(new Map());
/** @type {Signal<ById<Found>>} */
export const found = signal(new Map());

/** Whether the event stream lives; "waiting" until the first snapshot. */
export const link = signal(/** @type {'waiting' | 'live' | 'lost'} */ ('waiting'));
/** When the hub last said anything, by the hub's clock. */
export const heardMs = signal(0);
export const brokerUp = signal(true);
/** The hub's clock, moved on every few seconds; ages are counted from it. */
export const nowMs = signal(Date.now());
/** Commands sent from this phone that no report has answered yet. */
export const pending = signal(/** @type {ById<Turn>} */ (new Map()));
/** Commands sent from this phone that got no answer in time. */
export const unanswered = signal(/** @type {ById<Turn>} */ (new Map()));
/** @type {Signal<Outcome | null>} */
export const outcome = signal(/** @type {Outcome | null} */ (null));
export const route = signal(/** @type {Route} */ ({ name: '', id: '' }));
export const language = signal('vi');
export const bigText = signal(false);

/** @type {Readonly<Draft>} */
export const EMPTY_DRAFT = Object.freeze({
  text: '', template: '', blanks: {}, zones: [], whole: true, repeat: 1, spoken: '',
});
export const draft = signal(/** @type {Draft} */ ({ ...EMPTY_DRAFT }));

/** What this phone has asked for and not seen answered. */
export const asked = () => ({ pending: pending.value, unanswered: unanswered.value });

export const isHead = computed(() => session.value?.role === 'head');

const SOUNDING = new Set(['preparing', 'queued', 'playing']);
/** Announcements that sound now or are about to. */
export const sounding = computed(() =>
  [...announcements.value.values()].filter((one) => SOUNDING.has(one.state)));

let hubAheadMs = 0;

/** @type {Record<string, Signal<ById<any>>>} */
const COLLECTIONS = {
  device: devices, zone: zones, camera: cameras,
  announcement: announcements, schedule: schedules, found,
};

/**
 * @template {{ id: string }} T
 * @param {T[] | undefined} items
 * @returns {ById<T>}
 */
const byId = (items) => new Map((items ?? []).map((item) => [item.id, item]));

/**
 * @template T
 * @param {Signal<ById<T>>} collection
 * @param {string} id
 * @param {T | undefined} value undefined takes it out
 */
function put(collection, id, value) {
  if (value === undefined && !collection.peek().has(id)) return;
  const next = new Map(collection.peek());
  if (value === undefined) next.delete(id);
  else next.set(id, value);
  collection.value = next;
}

/** @param {Snapshot} snapshot */
export function takeSnapshot(snapshot) {
  batch(() => {
    hubAheadMs = new Date(snapshot.now).getTime() - Date.now();
    const old = devices.peek();
    devices.value = byId(snapshot.devices);
    zones.value = byId(snapshot.zones);
    cameras.value = byId(snapshot.cameras);
    announcements.value = byId(snapshot.announcements);
    schedules.value = byId(snapshot.schedules);
    found.value = byId(snapshot.found);
    brokerUp.value = snapshot.broker?.connected ?? true;
    link.value = 'live';
    for (const device of devices.peek().values()) settle(old.get(device.id), device);
    hear();
  });
}

/**
 * One change, as the event stream tells it.
 *
 * @param {string} kind
 * @param {any} value the whole new object, or {"id", "removed": true}
 */
export function takeEvent(kind, value) {
  batch(() => {
    hear();
    if (kind === 'broker') brokerUp.value = Boolean(value.connected);
    else if (kind === 'delivery') takeDelivery(value);
    else if (kind === 'command') takeCommand(value);
    else if (kind in COLLECTIONS) takeObject(kind, value);
  });
}

/**
 * @param {string} kind
 * @param {any} value
 */
function takeObject(kind, value) {
  if (kind === 'device' && !value.removed) settle(devices.peek().get(value.id), value);
  put(COLLECTIONS[kind], value.id, value.removed ? undefined : value);
}

/** @param {Delivery & { announcement: string }} delivery */
function takeDelivery(delivery) {
  const whole = announcements.peek().get(delivery.announcement);
  if (!whole) return;
  const others = (whole.deliveries ?? []).filter((one) => one.device !== delivery.device);
  const known = (whole.deliveries ?? []).find((one) => one.device === delivery.device);
  const deliveries = [...others, { ...known, ...delivery }];
  deliveries.sort((a, b) => a.name.localeCompare(b.name, 'vi'));
  put(announcements, whole.id, { ...whole, deliveries });
}

/** @param {{ device?: string, outcome?: string, turn?: Turn }} command */
function takeCommand(command) {
  const id = command.device;
  if (!id || !pending.peek().has(id)) return;
  if (command.outcome && ['unconfirmed', 'failed', 'no_answer'].includes(command.outcome)) {
    noAnswer(id);
  }
}

/**
 * A report ends the waiting, whoever asked for what it reports.
 *
 * @param {Device | undefined} before
 * @param {Device} after
 */
function settle(before, after) {
  if (after.open) return;
  const wanted = pending.peek().get(after.id) ?? unanswered.peek().get(after.id);
  if (!wanted) return;
  const reportedAnew = before?.state.reported_at !== after.state.reported_at;
  const asWanted = after.state.on === (wanted === 'on') && !after.state.stale;
  if (!asWanted && !(reportedAnew && unanswered.peek().has(after.id))) return;
  put(pending, after.id, undefined);
  put(unanswered, after.id, undefined);
}

function hear() {
  heardMs.value = Date.now() + hubAheadMs;
  nowMs.value = heardMs.peek();
}

/** Move the shown clock on. */
export function tick() {
  nowMs.value = Date.now() + hubAheadMs;
}

/**
 * @param {string} id
 * @param {Turn} turn
 */
export function awaitReport(id, turn) {
  batch(() => {
    put(unanswered, id, undefined);
    put(pending, id, turn);
  });
}

/** @param {string} id */
export function noAnswer(id) {
  const turn = pending.peek().get(id);
  batch(() => {
    put(pending, id, undefined);
    if (turn) put(unanswered, id, turn);
  });
}

/**
 * The command never left the hub: nothing waits and nothing went unanswered.
 *
 * @param {string} id
 */
export function forgetCommand(id) {
  put(pending, id, undefined);
}

export function loseLink() {
  link.value = 'lost';
}

/**
 * Put one object in place after the hub answered with it, before its event comes.
 *
 * @param {'device' | 'zone' | 'camera' | 'announcement' | 'schedule' | 'found'} kind
 * @param {any} value
 */
export function takeAnswer(kind, value) {
  if (value && typeof value.id === 'string') batch(() => takeObject(kind, value));
}

/** @param {Announcement[]} older */
export function takeOlderAnnouncements(older) {
  announcements.value = new Map([...byId(older), ...announcements.peek()]);
}

/** @param {Session | null} value */
export function setSession(value) {
  session.value = value;
}

/** @param {Route} value */
export function setRoute(value) {
  batch(() => {
    route.value = value;
    // What was lacking on the last screen is no news on this one; what was done there still is.
    if (outcome.peek()?.tone === 'bad') outcome.value = null;
  });
}

/** @param {string} value */
export function setLanguage(value) {
  language.value = value;
}

/** @param {boolean} value */
export function setBigText(value) {
  bigText.value = value;
}

/**
 * Say what has just happened, on whichever screen is open.
 *
 * @param {string} text
 * @param {'news' | 'good' | 'bad'} [tone]
 * @param {(() => void) | null} [undo]
 */
export function say(text, tone = 'news', undo = null) {
  outcome.value = { text, tone, undo };
}

/** @param {Outcome | null} [only] hush this one alone, if it is still the one shown */
export function hush(only) {
  if (!only || outcome.peek() === only) outcome.value = null;
}

/** @param {Partial<Draft>} changes */
export function setDraft(changes) {
  draft.value = { ...draft.peek(), ...changes };
}
