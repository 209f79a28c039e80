/** What a task costs, beside the same task in the same pool of threads without millpond. */
import { strict as assert } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { FixedQueue, Piscina } from 'piscina';
import { createRuntime, KiB, type Lease } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import type { Input } from '../jobs/mix.ts';
import type { Input as PlainInput } from '../jobs/mix-plain.ts';
import { interleave, significant } from '../rounds.ts';
import { noSlower } from '../targets.ts';

const BYTES = 64 * KiB;
const TASKS = 2000;
/** Tasks that are under way at once, by one worker: one after the other, or always some in the queue. */
const DEPTHS = [1, 32] as const;

/** One task, checked. */
interface Side extends AsyncDisposable {
  empty(): Promise<void>;
  mix(sample: number): Promise<void>;
}

const benchmark: Benchmark = {
  name: 'run',
  question: 'What does run() cost beside a bare Piscina?',
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  await using stack = new AsyncDisposableStack();
  const sides = [stack.use(await millpond()), stack.use(await bare())];
  const cases = (['empty', 'mix'] as const).flatMap((kind) => DEPTHS.map((depth) => ({ kind, depth })));
  const rows: (string | number)[][] = [];
  const targets = [];
  for (const { kind, depth } of cases) {
    const title = kind === 'empty' ? 'an empty job' : 'two leases in, one out';
    const label = `${title}, ${depth === 1 ? 'one at a time' : `${depth} at once`}`;
    for (const side of sides) await many(side, kind, depth); // compiles and fills
    const [ours, theirs] = await interleave(sides, rounds, (side) => many(side, kind, depth));
    const ratio = `${significant(ours.median / theirs.median)} x`;
    rows.push([label, significant(ours.median), significant(theirs.median), ratio]);
    targets.push(noSlower(`${label}, beside bare Piscina`, ours, theirs, 1.1));
  }
  return [
    {
      title: 'One task, from run() to its result, on one worker (us)',
      columns: ['', 'millpond', 'bare Piscina', 'time beside it'],
      rows,
      notes: [
        `Medians of ${rounds} interleaved rounds of ${TASKS} tasks.`,
        "Both with atomics 'disabled', which the side channel to an idle worker needs, and without Piscina's own timing.",
        'The leases are of 64 KiB: one block is mixed into the other and returned, and both come home. Bare Piscina is',
        'sent the same two buffers and sends both back.',
      ],
      targets,
    },
  ];
}

/** @returns microseconds a task */
async function many(side: Side, kind: 'empty' | 'mix', depth: number): Promise<number> {
  let left = TASKS;
  const work = async () => {
    while (left-- > 0) await (kind === 'empty' ? side.empty() : side.mix(left));
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: depth }, work));
  return ((performance.now() - startMs) * 1000) / TASKS;
}

async function millpond(): Promise<Side> {
  const runtime = await createRuntime({ job: new URL('../jobs/mix.ts', import.meta.url), threads: 1 });
  return {
    async empty() {
      assert.equal(await runtime.run(), undefined);
    },
    async mix(sample) {
      const [into, from] = [runtime.pool.acquire(BYTES), runtime.pool.acquire(BYTES)];
      into.float32[0] = sample;
      from.float32[0] = 1;
      const mixed = await runtime.run<Lease>({ into, from } satisfies Input);
      assert.equal(mixed.float32[0], sample + 1);
      mixed.release();
    },
    async [Symbol.asyncDispose]() {
      const { pool, loans } = runtime.snapshot();
      assert.equal(loans.count, 0, 'a loan did not come home');
      assert.ok(pool.hitRate > 0.99, `memory was reused for ${pool.hitRate} of the leases only`);
      await runtime.close();
    },
  };
}

async function bare(): Promise<Side> {
  const piscina = new Piscina({
    filename: fileURLToPath(new URL('../jobs/mix-plain.ts', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    atomics: 'disabled',
    recordTiming: false,
    // The default is one object that all pools of a process share.
    taskQueue: new FixedQueue(),
  });
  const idle: ArrayBuffer[] = [];
  const take = () => idle.pop() ?? new ArrayBuffer(BYTES);
  return {
    async empty() {
      assert.equal(await piscina.run(undefined), undefined);
    },
    async mix(sample) {
      const [into, from] = [take(), take()];
      new Float32Array(into)[0] = sample;
      new Float32Array(from)[0] = 1;
      const task: PlainInput = { into, from };
      const mixed: PlainInput = await piscina.run(task, { transferList: [into, from] as never });
      assert.equal(new Float32Array(mixed.into)[0], sample + 1);
      idle.push(mixed.into, mixed.from);
    },
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}
