// What the head should look at, in sentences, the nearest to harm first.
import { capital, t } from './i18n.js';
import { isUnheard, lampSentence, lampState } from './lamps.js';
import { linkTo } from './router.js';
import { matches } from './text.js';
import { ago, dated, moment } from './time.js';
import { ofKind } from './village.js';

/** @typedef {import('./lamps.js').Asked} Asked */
/** @typedef {import('./types.js').Camera} Camera */
/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Found} Found */
/** @typedef {import('./types.js').Schedule} Schedule */
/** @typedef {import('./types.js').Zone} Zone */

/** @typedef {{ key: string, text: string, href: string }} Concern */

/**
 * @typedef {object} Seen
 * @property {ReadonlyMap<string, Device>} devices
 * @property {ReadonlyMap<string, Zone>} zones
 * @property {ReadonlyMap<string, Camera>} cameras
 * @property {ReadonlyMap<string, Schedule>} schedules
 * @property {ReadonlyMap<string, Found>} found
 * @property {Asked} asked
 * @property {number} nowMs
 */

const MANY = 3;
const DAY_MS = 86_400_000;
const BAD_OUTCOMES = new Set(['missed', 'failed', 'refused']);

/** @param {Seen} seen */
export function concerns(seen) {
  return [
    ...foundConcerns(seen), ...silentSpeakers(seen), ...lampConcerns(seen),
    ...cameraConcerns(seen), ...wifiConcerns(seen), ...scheduleConcerns(seen),
  ];
}

/**
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function foundConcerns({ found }) {
  return ['light', 'loudspeaker', 'access_point'].flatMap((kind) => {
    const n = [...found.values()].filter((one) => one.kind === kind).length;
    return n ? [{ key: `found-${kind}`, text: t(`found.count_${kind}`, { n }), href: linkTo('found') }] : [];
  });
}

/**
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function silentSpeakers({ devices, nowMs }) {
  const silent = ofKind('loudspeaker', devices).filter((one) => one.availability === 'offline');
  return silent.map((one) => ({
    key: one.id, href: linkTo('loudspeakers'),
    text: t('attention.line', { name: one.name, says: unheard(one, nowMs) }),
  }));
}

/**
 * @param {Device} device
 * @param {number} nowMs
 */
function unheard(device, nowMs) {
  const at = device.state.reported_at;
  return at ? t('lamp.unheard', { age: ago(at, nowMs) }) : t('lamp.never_heard');
}

/**
 * A lamp to a line; where many of one road are silent, one line for the road.
 *
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function lampConcerns(seen) {
  const lamps = ofKind('light', seen.devices);
  const unsure = lamps.filter((lamp) => ['unknown', 'unconfirmed'].includes(lampState(lamp, seen.asked)));
  /** @type {Map<string, Device[]>} */
  const byRoad = new Map();
  for (const lamp of unsure) byRoad.set(lamp.zone ?? '', [...(byRoad.get(lamp.zone ?? '') ?? []), lamp]);
  return [...byRoad].flatMap(([road, silent]) => {
    if (silent.length > MANY) return [roadConcern(road, silent, seen)];
    return silent.map((lamp) => ({
      key: lamp.id, href: linkTo('lamp', lamp.id),
      text: t('attention.line', { name: lamp.name, says: lampSentence(lamp, seen.asked, seen.nowMs) }),
    }));
  });
}

/**
 * @param {string} road
 * @param {readonly Device[]} silent
 * @param {Seen} seen
 * @returns {Concern}
 */
function roadConcern(road, silent, { zones }) {
  const name = zones.get(road)?.name ?? t('lights.no_road');
  const text = t('attention.road', { name, n: silent.length });
  return { key: `road-${road}`, text, href: road ? linkTo('road', road) : linkTo('lights') };
}

/**
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function cameraConcerns({ cameras, nowMs }) {
  const down = [...cameras.values()].filter((camera) => camera.availability === 'offline');
  return down.map((camera) => ({
    key: camera.id, href: linkTo('camera', camera.id),
    text: camera.frame_at
      ? t('attention.camera_since', { name: calledCamera(camera), time: moment(camera.frame_at, nowMs) })
      : t('attention.camera', { name: calledCamera(camera) }),
  }));
}

/**
 * "Cổng bắc" alone would not say that a camera is meant.
 *
 * @param {Camera} camera
 */
const calledCamera = ({ name }) => (matches(name, 'camera') ? name : `Camera ${name}`);

/**
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function wifiConcerns({ devices, nowMs }) {
  return ofKind('access_point', devices).flatMap((one) => {
    if (one.availability === 'offline') {
      return [{ key: one.id, href: linkTo('wifi'), text: t('attention.line', { name: one.name, says: unheard(one, nowMs) }) }];
    }
    if (one.state.internet !== false || isUnheard(one)) return [];
    return [{ key: one.id, href: linkTo('wifi'), text: t('attention.no_internet', { name: one.name }) }];
  });
}

/**
 * @param {Seen} seen
 * @returns {Concern[]}
 */
function scheduleConcerns({ schedules, nowMs }) {
  return [...schedules.values()].flatMap((one) => {
    const run = one.last_run;
    if (!run || !BAD_OUTCOMES.has(run.outcome) || run.reason === 'superseded') return [];
    if (nowMs - new Date(run.due_at).getTime() > DAY_MS) return [];
    const text = t('attention.line', { name: one.name, says: lastRunSentence(one, nowMs) });
    return [{ key: one.id, href: linkTo('schedules'), text }];
  });
}

/**
 * What became of a schedule the last time it was due.
 *
 * @param {Schedule} schedule
 * @param {number} nowMs
 */
export function lastRunSentence({ last_run: run }, nowMs) {
  if (!run) return '';
  const reason = run.reason ? `run.reason_${run.reason}` : '';
  const says = t(`run.${run.outcome}`, { time: dated(run.due_at, nowMs) });
  const why = reason ? t(reason) : '';
  return capital(why && why !== reason ? `${says}, ${why}` : says);
}
