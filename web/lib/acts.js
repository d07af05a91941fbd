// The verbs of the village: each asks the hub, and says on the screen what came of it.
import * as api from './api.js';
import { sayError, t } from './i18n.js';
import * as store from './store.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Turn} Turn */
/** @typedef {import('./types.js').Zone} Zone */

// Long enough for the event that follows an answer; after it we ask instead of waiting.
const EVENT_LATE_MS = 3_000;

/** @param {unknown} error */
const isSilence = (error) => error instanceof api.ApiError && error.code === 'no_answer';

/**
 * @param {Device} device
 * @param {Turn} turn
 */
function wayBack(device, turn) {
  const was = device.state.on;
  if (was === null || was === undefined || device.state.stale || was === (turn === 'on')) return null;
  return () => void switchDevice(device, was ? 'on' : 'off', null);
}

/**
 * Switch one lamp or one guest wifi; the state shown changes when the box reports.
 *
 * @param {Device} device
 * @param {Turn} turn
 * @param {string | null} until
 */
export async function switchDevice(device, turn, until) {
  const name = device.name;
  const what = device.kind === 'light' ? 'lamp' : 'wifi';
  const undo = wayBack(device, turn);
  store.awaitReport(device.id, turn);
  store.say(t(`said.sent_${turn}`, { name }), 'news', undo);
  try {
    await api.post(`/devices/${device.id}/commands`, until ? { turn, until } : { turn });
    store.say(t(`said.${what}_answered_${turn}`, { name }), 'good', undo);
    refreshIfLate(device.id);
  } catch (error) {
    if (isSilence(error)) store.noAnswer(device.id);
    else store.forgetCommand(device.id);
    store.say(isSilence(error) ? t('said.no_answer', { name }) : sayError(error), 'bad', undo);
  }
}

/** @param {string} id */
function refreshIfLate(id) {
  setTimeout(async () => {
    if (!store.pending.peek().has(id)) return;
    const device = await api.get(`/devices/${id}`).catch(() => null);
    if (device) store.takeAnswer('device', device);
    store.forgetCommand(id);
  }, EVENT_LATE_MS);
}

/**
 * Switch every lamp of a road.
 *
 * @param {Zone} zone
 * @param {readonly Device[]} lamps
 * @param {Turn} turn
 * @param {string | null} until
 */
export async function switchRoad(zone, lamps, turn, until) {
  const undo = roadWayBack(lamps, turn);
  for (const lamp of lamps) store.awaitReport(lamp.id, turn);
  store.say(t(`said.sent_${turn}`, { name: zone.name }), 'news', undo);
  try {
    const answer = await api.post(`/zones/${zone.id}/commands`, until ? { turn, until } : { turn });
    sayRoad(zone, lamps, turn, idsOf(answer?.unconfirmed), undo);
  } catch (error) {
    for (const lamp of lamps) {
      if (isSilence(error)) store.noAnswer(lamp.id);
      else store.forgetCommand(lamp.id);
    }
    store.say(isSilence(error) ? t('said.no_answer', { name: zone.name }) : sayError(error), 'bad', undo);
  }
}

/**
 * @param {Zone} zone
 * @param {readonly Device[]} lamps
 * @param {Turn} turn
 * @param {Set<string>} silent
 * @param {(() => void) | null} undo
 */
function sayRoad(zone, lamps, turn, silent, undo) {
  for (const lamp of lamps) {
    if (silent.has(lamp.id)) store.noAnswer(lamp.id);
    else refreshIfLate(lamp.id);
  }
  const names = lamps.filter((lamp) => silent.has(lamp.id)).map((lamp) => lamp.name).join(', ');
  const words = { name: zone.name, n: lamps.length - silent.size, total: lamps.length, names };
  if (silent.size === 0) store.say(t(`said.road_answered_${turn}`, words), 'good', undo);
  else store.say(t('said.road_partly', words), 'bad', undo);
}

/**
 * @param {readonly Device[]} lamps
 * @param {Turn} turn
 */
function roadWayBack(lamps, turn) {
  const backs = lamps.map((lamp) => wayBack(lamp, turn)).filter((back) => back !== null);
  return backs.length > 0 ? () => backs.forEach((back) => back?.()) : null;
}

/**
 * @param {unknown} list ids, or objects that carry one
 * @returns {Set<string>}
 */
function idsOf(list) {
  if (!Array.isArray(list)) return new Set();
  return new Set(list.map((one) => (typeof one === 'string' ? one : one?.device ?? one?.id)));
}

/**
 * @param {Device} device
 * @param {number} percent
 */
export async function setVolume(device, percent) {
  try {
    await api.post(`/devices/${device.id}/volume`, { percent });
    store.say(t('said.volume_sent', { name: device.name, percent }), 'news');
  } catch (error) {
    store.say(isSilence(error) ? t('said.no_answer', { name: device.name }) : sayError(error), 'bad');
  }
}

/**
 * Do one thing at the hub; true when it was done, and otherwise the reason is on the screen.
 *
 * @param {() => Promise<unknown>} act
 * @param {string} [done] what to say when it went well
 */
export async function attempt(act, done) {
  try {
    await act();
    if (done) store.say(done, 'good');
    return true;
  } catch (error) {
    store.say(sayError(error), 'bad');
    return false;
  }
}
