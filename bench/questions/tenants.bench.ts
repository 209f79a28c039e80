/** What a tenant with a thousand tasks does to nine others, whose tasks are as long. */
import { strict as assert } from 'node:assert';
import { createRuntime, QueueFullError, type Runtime } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { percentiles, significant } from '../rounds.ts';
import { atMost, type Target } from '../targets.ts';

const THREADS = 2;
const LENGTH_MS = 5;
const OTHERS = 9;
const FLOOD = 1000;
/** Of all threads' time, what the nine ask for together. */
const SHARE = 0.3;
const REFUSALS = 20_000;

const benchmark: Benchmark = {
  name: 'tenants',
  question: 'What does one tenant with a thousand tasks do to others?',
  run,
};
export default benchmark;

async function run({ rounds, say }: Context): Promise<Table[]> {
  const waits = { alone: [] as number[], beside: [] as number[], 'beside, all one tenant': [] as number[] };
  for (let round = 0; round < rounds; round++) {
    waits.alone.push(...(await play('alone')));
    waits.beside.push(...(await play('beside')));
    waits['beside, all one tenant'].push(...(await play('one')));
    say(`round ${round + 1} of ${rounds}`);
  }
  const alone = percentiles(waits.alone);
  const rows = Object.entries(waits).map(([label, values]) => {
    const { p50, p99, max } = percentiles(values);
    const cells = [p50, p99, max].map(significant);
    return [label, values.length, ...cells, `${significant(p99 / alone.p99)} x`];
  });
  const ratio = percentiles(waits.beside).p99 / alone.p99;
  return [
    {
      title: `From run() to the result of a task of ${LENGTH_MS} ms, of nine tenants (ms)`,
      columns: ['', 'tasks', 'p50', 'p99', 'most', 'p99 beside alone'],
      rows,
      notes: [
        `${THREADS} threads, which the nine keep ${SHARE * 100} % busy at random times; the tenth hands in ${FLOOD} tasks at once.`,
        `${rounds} rounds of each, taken in turns, over which the percentiles are.`,
      ],
      targets: [atMost('p99 of the nine beside the tenth', ratio, 3, 'times alone')],
    },
    await refusals(),
  ];
}

/** @returns milliseconds of each task of the nine */
async function play(kind: 'alone' | 'beside' | 'one'): Promise<number[]> {
  await using runtime = await createRuntime({
    job: new URL('../jobs/spin.ts', import.meta.url),
    threads: THREADS,
  });
  await Promise.all(Array.from({ length: 4 * THREADS }, () => runtime.run(LENGTH_MS)));
  // As long as the flood lasts beside the nine.
  const spanMs = (FLOOD * LENGTH_MS) / THREADS / (1 - SHARE);
  const startMs = performance.now();
  const flood =
    kind === 'alone' ? [] : Array.from({ length: FLOOD }, () => runtime.run(LENGTH_MS, { tenant: 'flood' }));
  const others = await Promise.all(
    Array.from({ length: OTHERS }, (_, at) => {
      return tenant(runtime, kind === 'one' ? 'flood' : `tenant ${at}`, startMs + spanMs);
    }),
  );
  await Promise.all(flood);
  const { tasks } = runtime.snapshot();
  assert.equal(tasks.failed + tasks.cancelled + tasks.lost + tasks.queued, 0);
  return others.flat();
}

/** Tasks at random times, whether the last is over or not. */
async function tenant(runtime: Runtime, name: string, untilMs: number): Promise<number[]> {
  const meanMs = (OTHERS * LENGTH_MS) / (THREADS * SHARE);
  const runs: Promise<number>[] = [];
  for (let atMs = performance.now(); ; ) {
    atMs -= meanMs * Math.log(1 - Math.random());
    if (atMs > untilMs) break;
    const leftMs = atMs - performance.now();
    if (leftMs > 0) await new Promise((next) => setTimeout(next, leftMs));
    // From when it was to come: a late timer is not in its favour.
    const dueMs = atMs;
    runs.push(runtime.run(LENGTH_MS, { tenant: name }).then(() => performance.now() - dueMs));
  }
  return await Promise.all(runs);
}

/** What a run costs that is refused. */
async function refusals(): Promise<Table> {
  await using runtime = await createRuntime({
    job: new URL('../jobs/spin.ts', import.meta.url),
    threads: 1,
    maxQueue: 0,
  });
  const controller = new AbortController();
  const busy = runtime.run(5000, { signal: controller.signal }).catch(() => {});
  const refused = async (): Promise<number> => {
    const startMs = performance.now();
    for (let at = 0; at < REFUSALS; at++) {
      const error = await runtime.run(0).catch((error) => error);
      assert.ok(error instanceof QueueFullError);
    }
    return ((performance.now() - startMs) * 1000) / REFUSALS;
  };
  await refused();
  const us = await refused();
  controller.abort();
  await busy;
  const targets: Target[] = [atMost('a refused run', us, 20, 'us')];
  const rows = [['a refused run', significant(us)]];
  return { title: 'A run that is refused (us)', columns: ['', 'us'], rows, notes: [], targets };
}
