import assert from 'node:assert/strict';
import test from 'node:test';
import * as store from './store.js';

const device = (on, at = '2026-11-22T18:42:00+07:00', open = false) => ({
  id: 'a', name: 'Cột 3', kind: 'light', zone: 'z', driver: 'tasmota', address: 'X/1',
  availability: 'online', target: null, open,
  state: { on, level: null, reported_at: at, stale: false, source: 'command' },
});

const begin = (changes = {}) => store.takeSnapshot({
  now: '2026-11-22T18:45:00+07:00', devices: [device(false)], zones: [], cameras: [],
  announcements: [], schedules: [], found: [], broker: { connected: true }, ...changes,
});

test('a command waits until the lamp reports what was asked', () => {
  begin();
  store.awaitReport('a', 'on');
  store.takeEvent('device', device(false, '2026-11-22T18:46:00+07:00'));
  assert.ok(store.pending.value.has('a'));
  store.takeEvent('device', device(true, '2026-11-22T18:46:01+07:00', true));
  assert.ok(store.pending.value.has('a'), 'an open command is not yet answered');
  store.takeEvent('device', device(true, '2026-11-22T18:46:02+07:00'));
  assert.ok(!store.pending.value.has('a'));
});

test('silence stays until the lamp is heard again', () => {
  begin();
  store.awaitReport('a', 'on');
  store.noAnswer('a');
  store.takeEvent('device', device(false));
  assert.equal(store.unanswered.value.get('a'), 'on');
  store.takeEvent('device', device(false, '2026-11-22T18:50:00+07:00'));
  assert.ok(!store.unanswered.value.has('a'));
});

test('a command that another of the same lamp follows is the one waited for', () => {
  begin();
  store.awaitReport('a', 'on');
  store.awaitReport('a', 'off');
  store.takeEvent('device', device(true, '2026-11-22T18:51:00+07:00'));
  assert.equal(store.pending.value.get('a'), 'off');
  store.forgetCommand('a');
});

test('what is removed is gone and what is unknown is let pass', () => {
  begin();
  store.takeEvent('device', { id: 'a', removed: true });
  store.takeEvent('device', { id: 'never', removed: true });
  store.takeEvent('weather', { id: 'a' });
  assert.equal(store.devices.value.size, 0);
});

test('a delivery changes its own line of its announcement alone', () => {
  const deliveries = [
    { device: 's1', name: 'Loa Đình', state: 'playing', at: null },
    { device: 's2', name: 'Loa Ngõ 1', state: 'playing', at: null },
  ];
  begin({ announcements: [{ id: 'n', text: 'x', created_at: '2026-11-22T18:00:00+07:00', state: 'playing', deliveries }] });
  store.takeEvent('delivery', { id: 'd', announcement: 'n', device: 's2', name: 'Loa Ngõ 1', state: 'played' });
  const states = store.announcements.value.get('n')?.deliveries?.map((one) => one.state);
  assert.deepEqual(states, ['playing', 'played']);
  store.takeEvent('delivery', { id: 'd', announcement: 'unknown', device: 's2', name: 'x', state: 'played' });
});

test('STOP is offered while anything sounds or waits to sound', () => {
  const one = { id: 'n', text: 'x', created_at: '2026-11-22T18:00:00+07:00', deliveries: [] };
  for (const state of ['preparing', 'queued', 'playing']) {
    begin({ announcements: [{ ...one, state }] });
    assert.equal(store.sounding.value.length, 1, state);
  }
  store.takeEvent('announcement', { ...one, state: 'stopped' });
  assert.equal(store.sounding.value.length, 0);
});

test('the shown clock is the hub\'s, even when the phone\'s is wrong', () => {
  begin({ now: '2030-01-01T00:00:00+07:00' });
  store.tick();
  assert.ok(Math.abs(store.nowMs.value - Date.parse('2030-01-01T00:00:00+07:00')) < 2000);
});

test('what was lacking on one screen is not said on the next', () => {
  store.say('Chưa có tên.', 'bad');
  store.setRoute({ name: 'home', id: '' });
  assert.equal(store.outcome.value, null);
  store.say('Đã lưu.', 'good');
  store.setRoute({ name: 'lights', id: '' });
  assert.equal(store.outcome.value?.text, 'Đã lưu.');
});
