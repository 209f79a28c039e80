/** What a runtime costs that has nothing to do, beside the same threads without it. */
import { strict as assert } from 'node:assert';
import { formatBytes, MiB } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { significant } from '../rounds.ts';
import { atMost } from '../targets.ts';
import type { IdleOptions, IdleResult } from './idle-process.ts';

/** Two minutes: in the first the runtime comes to rest, and memory that nobody uses begins to go. */
const SPAN_MS = [60_000, 60_000];
const WORK = { threads: 2, tasks: 60, blocks: 16, bytes: MiB } as const;
const CONTENDERS = [
  { label: 'millpond', contender: 'millpond' },
  { label: 'bare Piscina', contender: 'piscina' },
] as const;
/** Of a core. */
const MOST_PERCENT = 0.1;

const benchmark: Benchmark = {
  name: 'idle',
  question: 'What does a runtime cost that has nothing to do?',
  run,
};
export default benchmark;

async function run({ say }: Context): Promise<Table[]> {
  const results: { readonly label: string; readonly result: IdleResult }[] = [];
  for (const { label, contender } of CONTENDERS) {
    const options: IdleOptions = { contender, ...WORK, spanMs: SPAN_MS };
    say(`  ${label}: ${SPAN_MS.length} minutes of rest`);
    results.push({ label, result: await inOwnProcess<IdleResult>('./questions/idle-process.ts', options) });
  }
  const [ours, theirs] = results.map(({ result }) => result);
  assert.deepEqual(ours.sums, theirs.sums, 'the work before the rest came out differently');
  return [
    {
      title: 'At rest after work on 2 threads, by minute',
      columns: ['', 'minute', '% of a core', 'wake-ups/s', 'idle at its end'],
      rows: results.flatMap(({ label, result }) =>
        result.spans.map(({ cpuPercent, wakeupsPerSecond, idleBytes }, at) => [
          label,
          at + 1,
          significant(cpuPercent),
          wakeupsPerSecond === null ? '-' : significant(wakeupsPerSecond),
          idleBytes === null ? '-' : formatBytes(idleBytes),
        ]),
      ),
      notes: [
        `Before it, ${WORK.tasks} tasks that hold ${WORK.blocks} blocks of 1 MiB each. One process each, CPU time of all its threads.`,
        'A wake-up is a voluntary context switch of any thread, from /proc; V8 has some of its own.',
      ],
      targets: ours.spans.map(({ cpuPercent }, at) =>
        atMost(`millpond, minute ${at + 1} of its rest`, cpuPercent, MOST_PERCENT, '% of a core'),
      ),
    },
  ];
}
