import { describe, expect, it } from 'vitest';
import { inOwnProcess } from '../../bench/own-process.ts';

describe('the benchmark of telemetry', () => {
  // The process itself looks whether all was counted, or nothing.
  it.each([
    'off',
    'default',
    'all',
  ] as const)('finds what there is to take out of the sources: %s', async (telemetry) => {
    const options = { telemetry, turns: 10_000, warm: 0, rounds: 1 };
    expect(await inOwnProcess('./questions/telemetry-process.ts', options)).toEqual({
      nanoseconds: expect.any(Number),
    });
  });
});
