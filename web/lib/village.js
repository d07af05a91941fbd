// Zones as a tree: the village, its roads and lanes.
import { inNameOrder } from './text.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Zone} Zone */

/**
 * The zone and all below it.
 *
 * @param {string} id
 * @param {ReadonlyMap<string, Zone>} zones
 * @returns {Set<string>}
 */
export function members(id, zones) {
  const inside = new Set([id]);
  let before = 0;
  while (inside.size !== before) {
    before = inside.size;
    for (const zone of zones.values()) {
      if (zone.parent && inside.has(zone.parent)) inside.add(zone.id);
    }
  }
  return inside;
}

/**
 * The devices of one kind in these zones and all below them, by name.
 *
 * @param {Device['kind']} kind
 * @param {readonly string[]} ids
 * @param {ReadonlyMap<string, Zone>} zones
 * @param {ReadonlyMap<string, Device>} devices
 */
export function devicesIn(kind, ids, zones, devices) {
  const inside = new Set(ids.flatMap((id) => [...members(id, zones)]));
  return ofKind(kind, devices).filter((device) => device.zone && inside.has(device.zone));
}

/**
 * @param {Device['kind']} kind
 * @param {ReadonlyMap<string, Device>} devices
 */
export function ofKind(kind, devices) {
  return [...devices.values()].filter((device) => device.kind === kind).sort(inNameOrder);
}

/**
 * Zones that stand under no other.
 *
 * @param {ReadonlyMap<string, Zone>} zones
 */
export function roots(zones) {
  return [...zones.values()].filter((zone) => !zone.parent || !zones.has(zone.parent));
}

/**
 * The zone that holds the whole village, if one does.
 *
 * @param {ReadonlyMap<string, Zone>} zones
 */
export function wholeVillage(zones) {
  const top = roots(zones);
  return top.length === 1 && zones.size > 1 ? top[0] : null;
}

/**
 * Roads by name, each zone that holds others after those it holds.
 *
 * @param {ReadonlyMap<string, Zone>} zones
 */
export function inOrder(zones) {
  return [...zones.values()].sort(
    (a, b) => members(a.id, zones).size - members(b.id, zones).size || inNameOrder(a, b));
}

/**
 * The names of zones, as one piece of text.
 *
 * @param {readonly string[]} ids
 * @param {ReadonlyMap<string, Zone>} zones
 */
export const namesOf = (ids, zones) =>
  ids.map((id) => zones.get(id)?.name ?? '').filter(Boolean).join(', ');
