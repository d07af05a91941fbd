import assert from 'node:assert/strict';
import test from 'node:test';
import './vietnamese.test.js';
import { lastRunSentence } from './attention.js';
import { audienceName, loudspeakers, strayLoudspeakers, zoneIds } from './audience.js';
import { fill, sayError, t } from './i18n.js';
import { linkTo, routeOf } from './router.js';
import { actionOf, actionSentence, EMPTY_PLAN, inTimeOrder, missing, planOf, triggerOf, triggerSentence } from './schedules.js';
import { EMPTY_DRAFT } from './store.js';
import { blanksOf, emptyBlanks, findTemplate, spokenBlank, TEMPLATES, written } from './templates.js';
import { inOrder, members, wholeVillage } from './village.js';

const zone = (id, name, parent = null) => ({ id, name, parent });
const mapped = (...items) => new Map(items.map((item) => [item.id, item]));
const ZONES = mapped(zone('v', 'Thôn Đông'), zone('a', 'Ngõ 1', 'v'), zone('b', 'Ngõ 2', 'v'), zone('c', 'Hẻm', 'b'));
const speaker = (id, in_) => ({ id, name: id, kind: 'loudspeaker', zone: in_ });
const SPEAKERS = mapped(speaker('s1', 'a'), speaker('s2', 'c'), speaker('s3', null));

test('a zone holds all that lies below it', () => {
  assert.deepEqual([...members('b', ZONES)].sort(), ['b', 'c']);
  assert.equal(wholeVillage(ZONES)?.id, 'v');
  assert.deepEqual(inOrder(ZONES).map((one) => one.id), ['c', 'a', 'b', 'v']);
});

test('zones that stand in a circle do not hang the page', () => {
  const round = mapped(zone('x', 'x', 'y'), zone('y', 'y', 'x'));
  assert.equal(members('x', round).size, 2);
});

test('the whole village is every zone at the top; a road reaches the lanes below it', () => {
  const whole = { ...EMPTY_DRAFT, whole: true };
  assert.deepEqual(zoneIds(whole, ZONES), ['v']);
  assert.deepEqual(loudspeakers(whole, ZONES, SPEAKERS).map((one) => one.id), ['s1', 's2']);
  const some = { ...EMPTY_DRAFT, whole: false, zones: ['b', 'gone'] };
  assert.deepEqual(loudspeakers(some, ZONES, SPEAKERS).map((one) => one.id), ['s2']);
  assert.equal(audienceName(whole, ZONES), 'cả thôn');
  assert.equal(audienceName(some, ZONES), 'Ngõ 2');
  assert.equal(strayLoudspeakers(ZONES, SPEAKERS).length, 1);
});

test('a plan survives the way to the hub and back', () => {
  const plan = { ...EMPTY_PLAN, zones: ['a'], when: 'sunset', offset: -10, days: [5, 1] };
  const schedule = { trigger: triggerOf(plan), action: actionOf(plan) };
  assert.deepEqual(schedule.trigger, { type: 'sun', event: 'sunset', offset_minutes: -10, days: [1, 5] });
  assert.deepEqual(planOf(schedule), { ...plan, days: [1, 5] });
  const speech = { ...EMPTY_PLAN, what: 'announcement', zones: ['a'], text: 'Chào', repeat: 2, when: 'time', time: '05:30' };
  assert.deepEqual(planOf({ trigger: triggerOf(speech), action: actionOf(speech) }), speech);
  const wifi = { ...EMPTY_PLAN, what: 'wifi', devices: ['w'], turn: 'off', when: 'time', time: '22:00' };
  assert.deepEqual(planOf({ trigger: triggerOf(wifi), action: actionOf(wifi) }), wifi);
});

test('what a plan lacks is named', () => {
  assert.equal(missing(EMPTY_PLAN), 'plan.need_road');
  assert.equal(missing({ ...EMPTY_PLAN, zones: ['a'], days: [] }), 'plan.need_day');
  assert.equal(missing({ ...EMPTY_PLAN, what: 'announcement', zones: ['a'], text: ' ' }), 'announce.need_text');
  assert.equal(missing({ ...EMPTY_PLAN, what: 'wifi' }), 'plan.need_wifi');
  assert.equal(missing({ ...EMPTY_PLAN, zones: ['a'] }), '');
});

test('a plan reads as a sentence', () => {
  assert.equal(triggerSentence({ type: 'sun', event: 'sunset', offset_minutes: -10 }), 'mỗi ngày, trước khi mặt trời lặn 10 phút');
  assert.equal(triggerSentence({ type: 'weekly', days: [7, 1], time: '17:00' }), 'thứ Hai, Chủ nhật, lúc 17:00');
  assert.equal(actionSentence({ type: 'light', zones: ['a', 'b'], turn: 'on' }, ZONES, SPEAKERS), 'bật đèn Ngõ 1, Ngõ 2');
});

test('a missed run says why', () => {
  const last_run = { due_at: '2026-11-22T05:30:00+07:00', outcome: 'missed', reason: 'too_late' };
  const says = lastRunSentence({ last_run }, Date.parse('2026-11-22T08:00:00+07:00'));
  assert.match(says, /bỏ lỡ, vì lúc đó mất điện/);
  const odd = lastRunSentence({ last_run: { ...last_run, reason: 'never_seen' } }, Date.parse('2026-11-22T08:00:00+07:00'));
  assert.equal(odd, 'Lần trước 05:30 hôm nay: bỏ lỡ');
});

test('the nearest plan stands first and a paused one last', () => {
  const plans = [{ id: 1, enabled: false, next_at: '2026-01-01T00:00:00Z' }, { id: 2, enabled: true, next_at: '2026-03-01T00:00:00Z' },
    { id: 3, enabled: true, next_at: '2026-02-01T00:00:00Z' }];
  assert.deepEqual(inTimeOrder(plans).map((one) => one.id), [3, 2, 1]);
});

test('every template asks for its blanks and is filled as it is spoken', () => {
  for (const template of TEMPLATES) {
    for (const blank of blanksOf(template)) assert.notEqual(t(`blank.${blank}`), `blank.${blank}`);
    assert.notEqual(t(`template.${template.id}`), `template.${template.id}`);
  }
  const meeting = findTemplate('meeting');
  const values = { time: '19:30', date: '2026-11-05', place: ' đình ', about: 'làm đường' };
  assert.match(written(meeting, values), /lúc 19 giờ 30 ngày 5\/11, tại đình\. .*: làm đường\./);
  assert.deepEqual(emptyBlanks(meeting, { time: '19:30' }), ['date', 'place', 'about']);
  assert.equal(spokenBlank('time', '07:00'), '7 giờ');
});

test('an address names a screen, and anything else is home', () => {
  assert.deepEqual(routeOf(linkTo('adopt', 'tasmota:A/1')), { name: 'adopt', id: 'tasmota:A/1' });
  assert.deepEqual(routeOf('#sign-in=x'), { name: 'home', id: '' });
});

test('sentences are filled, and English counts', () => {
  assert.equal(fill('{n} {n|lamp|lamps} in {where}', { n: 1 }), '1 lamp in {where}');
  assert.equal(fill('{n|lamp|lamps}', { n: 2 }), 'lamps');
  assert.equal(fill('{name}', { name: '{n}' }), '{n}');
});

test('an error is told in words, also one never heard of', () => {
  assert.match(sayError({ code: 'broker_down' }), /mất liên lạc/);
  assert.equal(sayError({ code: 'teapot' }), t('error.other'));
  assert.equal(sayError(new TypeError('x')), t('error.other'));
});
