import { expect, it } from 'vitest';
import { compareRuns } from '../../src/report/comparison.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { parseRun } from '../report/parse-run.ts';

const run = (seed: number) => parseRun(`made ${seed}`, textOf(madeLines({ seconds: 120, seed })));

it('a run beside its base is noise where only chance differs, whatever the seed', () => {
  const base = run(1);
  for (let seed = 2; seed < 8; seed++) {
    const [{ change, sentence }] = compareRuns([base, run(seed)]).others;
    expect(change, `seed ${seed}: ${sentence}`).toBe('noise');
    expect(sentence).toMatch(/^Noise, or too small to matter: hit rate \(the same\); throughput \(within /);
  }
});
