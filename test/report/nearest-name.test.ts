import { expect, it } from 'vitest';
import { nearestName } from '../../src/report/nearest-name.ts';

const NAMES = ['fresh', 'fresh/large', 'hit', 'queue', 'hit-rate', 'gc'];

it.each([
  ['frehs', 'fresh'],
  ['fresch', 'fresh'],
  ['fresh/lage', 'fresh/large'],
  ['hitrate', 'hit-rate'],
  ['hti', 'hit'],
  ['queu', 'queue'],
  ['gx', 'gc'],
])('%s is a slip for %s', (written, meant) => {
  expect(nearestName(written, NAMES)).toBe(meant);
});

it.each(['', 'x', 'latency', 'f'.repeat(100_000)])('%.10s is none', (written) => {
  expect(nearestName(written, NAMES)).toBeUndefined();
});
