/** How soon a shard without memory is served by a worker that is inside one long synchronous job. */
import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, MiB, type Runtime } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { FILL, FULL, type Request, SMALL_BYTES, STOP } from '../jobs/busy-donor.ts';
import { percentiles, significant } from '../rounds.ts';
import { atMost } from '../targets.ts';

const BYTES = MiB;
/** All that the budget holds, idle in the donor. */
const BLOCKS = 16;
/** So many requests of a round starve, one after the other. */
const STARVED = 8;
const TURNS = 20;
/** The job of a donor that serves others only between its tasks. */
const DEAF_MS = 50;
const DEAF_TURNS = 10;
const SETTLE_MS = 5;
const SETTLE_TURNS = 200;

const benchmark: Benchmark = {
  name: 'starve',
  question: 'How soon is a starved shard served while the worker that holds the memory is busy?',
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  const contenders = [
    {
      label: 'donor in one synchronous job that uses the pool',
      milliseconds: await measured((runtime) => whileWorking(runtime, rounds * TURNS)),
    },
    {
      label: `donor in synchronous jobs of ${DEAF_MS} ms that do not: its event loop serves`,
      milliseconds: await measured((runtime) => betweenTasks(runtime, rounds * DEAF_TURNS)),
    },
  ];
  const [{ milliseconds }] = contenders;
  return [
    {
      title: 'A request of 1 MiB that only a busy worker can serve (ms)',
      columns: ['', 'requests', 'p50', 'p99', 'max'],
      rows: contenders.map(({ label, milliseconds }) => {
        const { p50, p99, max } = percentiles(milliseconds);
        return [label, milliseconds.length, ...[p50, p99, max].map(significant)];
      }),
      notes: [
        'The donor looks at the pool about every 0.2 ms, which is part of the time.',
        'Only requests that found the budget used up and had to wait are counted.',
      ],
      targets: [atMost('served by a busy worker, p99', percentiles(milliseconds).p99, 2, 'ms')],
    },
  ];
}

async function measured(measure: (runtime: Runtime) => Promise<number[]>): Promise<number[]> {
  await using runtime = await createRuntime({
    job: new URL('../jobs/busy-donor.ts', import.meta.url),
    threads: 2,
    budgetBytes: BLOCKS * BYTES + SMALL_BYTES,
  });
  const milliseconds = await measure(runtime);
  const { budget, pool } = runtime.snapshot();
  assert.ok(budget.peakBytes <= budget.limitBytes, 'the budget was passed');
  assert.equal(pool.refused, 0, 'a request was refused');
  return milliseconds;
}

async function whileWorking(runtime: Runtime, turns: number): Promise<number[]> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const donor = runtime.run<number>({ kind: 'donate', blocks: BLOCKS, bytes: BYTES, word } satisfies Request);
  const milliseconds: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await filled(runtime, async () => {
      Atomics.store(word, 0, FILL);
      const wait = Atomics.waitAsync(word, 0, FILL);
      if (wait.async) await wait.value;
      assert.equal(word[0], FULL);
    });
    milliseconds.push(...(await starve(runtime, STARVED)));
  }
  Atomics.store(word, 0, STOP);
  assert.ok((await donor) > 0, 'the donor never worked');
  assert.ok(milliseconds.length > turns * STARVED * 0.9, `${milliseconds.length} requests had to wait`);
  return milliseconds;
}

async function betweenTasks(runtime: Runtime, turns: number): Promise<number[]> {
  const milliseconds: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await filled(runtime, () =>
      runtime.run({ kind: 'fill', blocks: BLOCKS, bytes: BYTES } satisfies Request),
    );
    const donor = runtime.run({ kind: 'compute', milliseconds: DEAF_MS } satisfies Request);
    milliseconds.push(...(await starve(runtime, 1)));
    await donor;
  }
  assert.equal(milliseconds.length, turns, 'a request did not have to wait');
  return milliseconds;
}

/**
 * Fills the donor until all memory is idle there: while somebody starves, what is released is freed instead.
 */
async function filled(runtime: Runtime, fill: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) {
    await fill();
    if (runtime.snapshot().shards.some(({ idle }) => idle.large === BLOCKS)) return;
    await sleep(SETTLE_MS);
  }
  assert.fail(`the donor could not keep its memory: ${JSON.stringify(runtime.snapshot().shards)}`);
}

/**
 * @returns how long the requests took that had to wait; the others, served by a gift too many, were the
 * quickest
 */
async function starve(runtime: Runtime, blocks: number): Promise<number[]> {
  const waits = () => runtime.snapshot().latency.byCause.waited.count;
  const before = waits();
  const milliseconds = await runtime.run<number[]>({
    kind: 'starve',
    blocks,
    bytes: BYTES,
  } satisfies Request);
  return milliseconds.toSorted((a, b) => b - a).slice(0, waits() - before);
}
