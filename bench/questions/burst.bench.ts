/**
 * Memory under a burst: many tasks that each want many blocks of 1 MiB at once, with the pool and without.
 */
import { strict as assert } from 'node:assert';
import { MiB } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';
import type { BurstOptions, BurstResult } from './burst-process.ts';

const WORK = { tasks: 200, blocks: 16, bytes: MiB, threads: 2 };
/** Two tasks at once want more than the first budget has, so that one has to wait for the other's memory. */
const BUDGETS = [24 * MiB, 100 * MiB] as const;
const SUM = (WORK.blocks * (WORK.blocks + 1)) / 2;

interface Contender {
  readonly way: BurstOptions['way'];
  readonly label: string;
  readonly budgetBytes: number;
}

const WAYS: readonly Contender[] = [
  ...BUDGETS.map((budgetBytes): Contender => {
    return { way: 'pool', label: `pool, budget ${budgetBytes / MiB} MiB`, budgetBytes };
  }),
  { way: 'allocated', label: 'new memory for each block', budgetBytes: Infinity },
];

const benchmark: Benchmark = {
  name: 'burst',
  question: 'How much memory does a burst of requests for 1 MiB take?',
  run,
};
export default benchmark;

async function run({ rounds, say }: Context): Promise<Table[]> {
  const results = WAYS.map((): BurstResult[] => []);
  const times = await interleave(WAYS, rounds, async (contender, round) => {
    const options: BurstOptions = { ...WORK, way: contender.way, budgetBytes: contender.budgetBytes };
    const result = await inOwnProcess<BurstResult>('./questions/burst-process.ts', options);
    check(contender, result);
    results[WAYS.indexOf(contender)].push(result);
    say(`  round ${round + 1}: ${contender.label} ${result.milliseconds.toFixed(0)} ms`);
    return result.milliseconds;
  });
  const median = (at: number, of: (result: BurstResult) => number) => spread(results[at].map(of)).median;
  const live = results.map((each) => Math.max(...each.map(({ peakBytes }) => peakBytes)) / MiB);
  const pauses = WAYS.map((_, at) => median(at, (result) => result.pauses.count));
  const peaks = WAYS.map((_, at) => median(at, ({ peakRssMiB }) => peakRssMiB));
  const without = WAYS.length - 1;
  return [
    {
      title: `${WORK.tasks} tasks that hold ${WORK.blocks} blocks of 1 MiB each, on ${WORK.threads} threads`,
      columns: ['', 'most live MiB', 'peak RSS MiB', 'GC pauses', 'GC ms', 'ms'],
      rows: WAYS.map(({ label }, at) => [
        label,
        ...[live[at], peaks[at], pauses[at], median(at, (result) => result.pauses.milliseconds)].map(
          significant,
        ),
        significant(times[at].median),
      ]),
      notes: [
        `Medians of ${rounds} interleaved rounds, each in a process of its own; most live of all rounds.`,
        'Live bytes of the pool are the exact peak of its ledger; without it, what V8 had not freed when a task looked.',
        'The two threads want 32 MiB: under the smaller budget one waits while the other works, which is part of its time.',
      ],
      targets: BUDGETS.flatMap((budgetBytes, at) => [
        atMost(`${WAYS[at].label}, live bytes`, live[at], budgetBytes / MiB, 'MiB'),
        atMost(`${WAYS[at].label}, beside new memory`, pauses[at], significant(pauses[without]), 'GC pauses'),
        atMost(
          `${WAYS[at].label}, beside new memory`,
          peaks[at],
          significant(peaks[without]),
          'MiB at the peak',
        ),
      ]),
    },
  ];
}

function check({ label, way, budgetBytes }: Contender, { sums, peakBytes, endBytes }: BurstResult): void {
  assert.equal(sums.length, WORK.tasks);
  assert.ok(
    sums.every((sum) => sum === SUM),
    `${label}: a block held other samples than were written`,
  );
  if (way !== 'pool') return;
  assert.ok(peakBytes <= budgetBytes, `${peakBytes} bytes were live under a budget of ${budgetBytes}`);
  assert.equal(endBytes, 0, 'memory was left at the end');
}
