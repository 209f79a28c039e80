import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultLayout, type Layout, mixMatrix } from '../../src/audio/plan/channels.ts';

test('a mixing matrix loses no speaker but subwoofers, and cannot clip, whatever the masks', () => {
  const speakers = [...Array(18).keys(), 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];
  const subwoofers = [3, 35];
  const layout = fc
    .uniqueArray(fc.constantFrom(...speakers), { minLength: 1, maxLength: 8 })
    .filter((chosen) => chosen.some((speaker) => !subwoofers.includes(speaker)))
    .map((chosen) => chosen.sort((a, b) => a - b));
  const target = fc.oneof(
    layout.map(layoutOf),
    fc.integer({ min: 1, max: 8 }).map((channels) => defaultLayout(channels)),
  );
  fc.assert(
    fc.property(layout, target, (from, to) => {
      const matrix = mixMatrix(layoutOf(from), to);
      expect(matrix).toHaveLength(to.nbChannels);
      const sum = (row: Float32Array) => row.reduce((total, weight) => total + weight, 0);
      for (const row of matrix) expect(sum(row)).toBeLessThanOrEqual(1 + 1e-6);
      for (const [column, speaker] of from.entries()) {
        if (from.length > 1 && subwoofers.includes(speaker)) continue;
        expect(matrix.some((row) => row[column] > 0.01)).toBe(true);
      }
    }),
    { numRuns: 5000 },
  );
});

function layoutOf(speakers: readonly number[]): Layout {
  const mask = speakers.reduce((bits, speaker) => bits | (1n << BigInt(speaker)), 0n);
  return { nbChannels: speakers.length, order: 1, mask };
}
