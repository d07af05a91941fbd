import { capital, t } from '../lib/i18n.js';
import { nowMs } from '../lib/store.js';
import { ago, moment } from '../lib/time.js';

/**
 * What is known of a camera, and how old that is.
 *
 * @param {import('../lib/types.js').Camera} camera
 */
export function cameraSentence(camera) {
  const at = camera.frame_at;
  if (camera.availability === 'offline') {
    return at ? capital(t('cameras.down_since', { time: moment(at, nowMs.value) })) : capital(t('cameras.down'));
  }
  return at ? pictureSentence(at) : t('cameras.tap');
}

/**
 * "Hình lúc 18:42 (vừa xong)".
 *
 * @param {string | number} at
 */
export function pictureSentence(at) {
  return capital(t('cameras.frame', { time: moment(at, nowMs.value), age: ago(at, nowMs.value) }));
}
