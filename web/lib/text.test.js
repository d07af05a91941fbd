import assert from 'node:assert/strict';
import test from 'node:test';
import { codeIn, inNameOrder, matches, tidy } from './text.js';

test('a decomposed name becomes the composed one, without stray spaces', () => {
  assert.equal(tidy('  Ngõ   1 '.normalize('NFD')), 'Ngõ 1');
});

test('line breaks of a text are kept', () => {
  assert.equal(tidy('Kính thưa\nbà con  '), 'Kính thưa\nbà con');
});

test('search ignores tone marks, hooks, đ and case', () => {
  assert.ok(matches('Đèn cổng chùa', 'den cong'));
  assert.ok(matches('Đèn cổng chùa'.normalize('NFD'), 'CHÙA'));
  assert.ok(!matches('Đèn cổng chùa', 'đình'));
});

test('lamps stand in the order of their numbers', () => {
  const names = ['Cột 10', 'Cột 9', 'Cột 1'].map((name) => ({ name }));
  assert.deepEqual(names.sort(inNameOrder).map((one) => one.name), ['Cột 1', 'Cột 9', 'Cột 10']);
});

test('the secret is found in a link and in a code typed alone', () => {
  assert.equal(codeIn('http://192.168.1.5:8080/#sign-in=aB-_9'), 'aB-_9');
  assert.equal(codeIn('#sign-in=x%2Fy'), 'x/y');
  assert.equal(codeIn('  aB-_9\n'), 'aB-_9');
});
