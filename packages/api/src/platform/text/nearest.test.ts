import { expect, test } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const REGIONS = ['us-east', 'us-west', 'eu-west'];

test.each([
  ['us-eats', 'us-east'],
  ['US-EAST', 'us-east'],
  ['useast', 'us-east'],
  ['eu-vest', 'eu-west'],
  ['mars', null],
  ['', null],
])('%j was likely meant to be %j', (typed, meant) => {
  expect(nearest(typed, REGIONS)).toBe(meant);
});

test.each([
  ['qr', 'rq'],
  ['app', 'apa'],
  ['text', 'txet'],
  ['svg', 'vsg'],
  ['eu', 'ue'],
])('two neighbours that are swapped are one slip: %j was meant by %j', (meant, typed) => {
  expect(nearest(typed, ['zzzzzz', meant])).toBe(meant);
});

test.each([
  ['qr', 'xy'],
  ['svg', 'vgs'],
  ['text', 'etxt_'],
])('two slips in a short name are one too many: %j was not meant by %j', (name, typed) => {
  expect(nearest(typed, [name])).toBeNull();
});

test('the nearest of several has the fewest typos', () => {
  expect(nearest('us-eats', ['us-beach', 'us-east'])).toBe('us-east');
});

test('a text too long for a typo is not compared', () => {
  expect(nearest('x'.repeat(65), ['x'.repeat(64)])).toBeNull();
});

test('the end of a message', () => {
  expect(didYouMean('us-eats', REGIONS)).toBe('; did you mean `us-east`?');
  expect(didYouMean('mars', REGIONS)).toBe('');
});

test('an empty list has no nearest name', () => {
  expect(nearest('us-east', [])).toBeNull();
});
