import assert from 'node:assert/strict';
import test from 'node:test';
import './vietnamese.test.js';
import { nextSunrise } from './sun.js';
import { ago, clock, dated, iso, isToday, moment, nextAt, useZone } from './time.js';

const NOW = Date.parse('2026-11-22T18:42:30+07:00');

test('times are those of the village, wherever the phone is', () => {
  assert.equal(clock('2026-11-22T11:42:00Z'), '18:42');
});

test('a time of another day says which', () => {
  assert.equal(moment('2026-11-22T00:10:00+07:00', NOW), '00:10');
  assert.equal(moment('2026-11-21T23:59:00+07:00', NOW), '23:59 hôm qua');
  assert.equal(moment('2026-11-23T05:00:00+07:00', NOW), '05:00 ngày mai');
  assert.equal(moment('2026-11-30T05:00:00+07:00', NOW), '05:00 ngày 30/11');
  assert.equal(dated('2026-11-22T21:00:00+07:00', NOW), '21:00 hôm nay');
});

test('today ends at midnight of the village', () => {
  assert.ok(isToday('2026-11-22T16:59:00Z', NOW));
  assert.ok(!isToday('2026-11-22T17:00:00Z', NOW));
});

test('ages are told in the largest whole unit and never run ahead', () => {
  assert.equal(ago(iso(NOW - 30_000), NOW), 'vừa xong');
  assert.equal(ago(iso(NOW - 59 * 60_000), NOW), '59 phút trước');
  assert.equal(ago(iso(NOW - 3.5 * 3_600_000), NOW), '3 giờ trước');
  assert.equal(ago(iso(NOW - 49 * 3_600_000), NOW), '2 ngày trước');
  assert.equal(ago(iso(NOW + 3_600_000), NOW), 'vừa xong');
});

test('a chosen time that has passed today means tomorrow', () => {
  assert.equal(iso(nextAt('22:00', NOW)), '2026-11-22T22:00:00+07:00');
  assert.equal(iso(nextAt('05:30', NOW)), '2026-11-23T05:30:00+07:00');
});

test('another zone is taken at its word', () => {
  useZone('America/St_Johns');
  assert.equal(iso(Date.parse('2026-11-22T12:00:00Z')), '2026-11-22T08:30:00-03:30');
  useZone('Asia/Ho_Chi_Minh');
});

// From the astral library (Python) for 21.30 N 105.40 E.
for (const [after, sunrise] of sunrises()) {
  test(`the sunrise after ${after} is known to three minutes`, () => {
    const found = nextSunrise(Date.parse(after), 21.3, 105.4);
    assert.ok(Math.abs(found - Date.parse(sunrise)) < 180_000, iso(found));
  });
}

function sunrises() {
  return [
    ['2026-11-22T18:42:00+07:00', '2026-11-23T06:14:08+07:00'],
    ['2026-11-23T03:00:00+07:00', '2026-11-23T06:14:08+07:00'],
    ['2026-06-21T12:00:00+07:00', '2026-06-22T05:17:38+07:00'],
    ['2027-02-28T23:59:00+07:00', '2027-03-01T06:19:37+07:00'],
    ['2026-09-23T06:30:00+07:00', '2026-09-24T05:47:48+07:00'],
  ];
}

test('where the sun does not rise there is no sunrise', () => {
  assert.ok(Number.isNaN(nextSunrise(Date.parse('2026-12-21T12:00:00Z'), 80, 20)));
});
