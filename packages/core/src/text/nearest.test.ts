import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

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

test('where there is nothing to choose from, nothing is near', () => {
  expect(nearest('us-east', [])).toBeNull();
});
