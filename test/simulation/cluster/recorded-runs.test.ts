import { describe, expect, it } from 'vitest';
import { play } from './play.ts';
import { RUNS, TIMES } from './recorded-runs.ts';
import { runOf } from './runs.ts';

describe('a simulated cluster', () => {
  it.each([
    ['nothing happens', false],
    ['hosts are killed and stopped', true],
  ])('takes as long as real hosts within a tenth, and does as much again within a fifth, where %s', async (_, withEvils) => {
    const runs = RUNS.filter((run) => run.withEvils === withEvils);
    const [real, predicted] = [0, 0].map(() => ({ makespanMs: 0, begunAgain: 0 }));
    for (const run of runs) {
      const played = await play({ ...runOf(run.seed, withEvils), times: TIMES });
      for (const name of ['makespanMs', 'begunAgain'] as const) {
        real[name] += run[name];
        predicted[name] += played[name];
      }
    }
    console.log(real, predicted);
    expect(Math.abs(predicted.makespanMs / real.makespanMs - 1)).toBeLessThan(0.1);
    expect(Math.abs(predicted.begunAgain - real.begunAgain)).toBeLessThanOrEqual(0.2 * real.begunAgain);
  });
});
