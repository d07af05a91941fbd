// Who hears an announcement, from the draft and the map of the village.
import { t } from './i18n.js';
import { devicesIn, namesOf, ofKind, roots } from './village.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Draft} Draft */
/** @typedef {import('./types.js').Zone} Zone */

/**
 * @param {Draft} draft
 * @param {ReadonlyMap<string, Zone>} zones
 */
export const zoneIds = (draft, zones) =>
  (draft.whole ? roots(zones).map((zone) => zone.id) : draft.zones.filter((id) => zones.has(id)));

/**
 * @param {Draft} draft
 * @param {ReadonlyMap<string, Zone>} zones
 * @param {ReadonlyMap<string, Device>} devices
 */
export const loudspeakers = (draft, zones, devices) =>
  devicesIn('loudspeaker', zoneIds(draft, zones), zones, devices);

/**
 * Loudspeakers that stand on no road, so that no announcement reaches them.
 *
 * @param {ReadonlyMap<string, Zone>} zones
 * @param {ReadonlyMap<string, Device>} devices
 */
export const strayLoudspeakers = (zones, devices) =>
  ofKind('loudspeaker', devices).filter((one) => !one.zone || !zones.has(one.zone));

/**
 * "cả thôn", or the names of the roads.
 *
 * @param {Draft} draft
 * @param {ReadonlyMap<string, Zone>} zones
 */
export const audienceName = (draft, zones) =>
  (draft.whole ? t('audience.whole') : namesOf(zoneIds(draft, zones), zones));

/**
 * The same of an announcement already sent.
 *
 * @param {readonly string[] | undefined} ids
 * @param {ReadonlyMap<string, Zone>} zones
 */
export function audienceOf(ids, zones) {
  if (!ids || ids.length === 0) return '';
  const all = roots(zones).every((zone) => ids.includes(zone.id));
  return all && zones.size > 0 ? t('audience.whole') : namesOf(ids, zones);
}
