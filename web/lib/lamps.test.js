import assert from 'node:assert/strict';
import test from 'node:test';
import './vietnamese.test.js';
import { count, countSentence, lampSentence, lampState, targetSentence } from './lamps.js';

const NOW = Date.parse('2026-11-22T18:45:00+07:00');
const NOTHING = { pending: new Map(), unanswered: new Map() };

/** @param {object} [changes] */
function lamp({ state = {}, ...changes } = {}) {
  return {
    id: 'a', name: 'Cột 3', kind: 'light', zone: 'z', driver: 'tasmota', address: 'X/1',
    availability: 'online', target: null, open: false,
    state: { on: true, level: null, reported_at: '2026-11-22T18:42:00+07:00', stale: false, source: 'command', ...state },
    ...changes,
  };
}

const said = (one, asked = NOTHING) => lampSentence(one, asked, NOW);

test('a lamp is lit or dark only as it reported', () => {
  assert.equal(lampState(lamp(), NOTHING), 'lit');
  assert.equal(said(lamp()), 'đang sáng, đèn báo lúc 18:42');
  assert.equal(lampState(lamp({ state: { on: false } }), NOTHING), 'dark');
});

test('a command sent from this phone waits, whatever the last report says', () => {
  const asked = { pending: new Map([['a', 'off']]), unanswered: new Map() };
  assert.equal(lampState(lamp(), asked), 'waiting');
  assert.equal(said(lamp(), asked), 'đã gửi lệnh tắt, đang chờ đèn báo về');
});

test('a command of another phone waits too', () => {
  const one = lamp({ open: true, target: { on: false, until: null } });
  assert.equal(said(one), 'đã gửi lệnh tắt, đang chờ đèn báo về');
});

test('silence stays said', () => {
  const asked = { pending: new Map(), unanswered: new Map([['a', 'on']]) };
  assert.equal(said(lamp({ state: { on: false } }), asked), 'đã gửi lệnh bật, chưa thấy đèn báo về');
  const wanted = lamp({ state: { on: false }, target: { on: true, until: null } });
  assert.equal(lampState(wanted, NOTHING), 'unconfirmed');
});

test('a lamp switched by hand is shown as such and not as disobedient', () => {
  const one = lamp({ state: { on: false, source: 'local' }, target: { on: true, until: null } });
  assert.equal(lampState(one, NOTHING), 'dark');
  assert.match(said(one), /có người tắt tại chỗ/);
});

test('an old report is not called a state', () => {
  const old = lamp({ availability: 'offline', state: { reported_at: '2026-11-22T15:40:00+07:00' } });
  assert.equal(lampState(old, NOTHING), 'unknown');
  assert.equal(said(old), 'không thấy báo về từ 3 giờ trước; lần cuối đang sáng');
  assert.equal(lampState(lamp({ state: { stale: true } }), NOTHING), 'unknown');
  assert.equal(said(lamp({ state: { on: null, reported_at: null, stale: true } })), 'chưa thấy báo về lần nào');
});

test('a road counts only what is known', () => {
  const lamps = [lamp(), lamp({ state: { on: false } }), lamp({ state: { stale: true } })];
  assert.equal(countSentence(count(lamps, NOTHING)), '1/3 đang sáng, 1 đèn chưa rõ');
});

test('who wants it so, until when and why', () => {
  const target = { on: true, by: 'Bà Hoa', until: '2026-11-22T22:00:00+07:00', reason: 'đám cưới', source: 'override' };
  assert.equal(targetSentence(lamp({ target }), NOW), 'Bà Hoa đã bật, hẹn đến 22:00 hôm nay, đám cưới');
});
