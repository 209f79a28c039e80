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

const TASKS = 2000;
/** Of each side and case: V8 compiles the last of the code that a task passes through only after so many. */
const WARM_UP = 40_000;
/** Tasks that are under way at once, by one worker, and bytes of each lease. */
const CASES = [
  { depth: 1, bytes: 64 * KiB },
  { depth: 4, bytes: 64 * KiB },
  { depth: 64, bytes: 64 * KiB },
  { depth: 4000, bytes: 4 * KiB },
] as const;
/** Times bare Piscina's: an empty job, and with leases one at a time and more at once. */
const MOST = { empty: 1, alone: 1.3, several: 1.1 } as const;

/** One task, checked. */
interface Side extends AsyncDisposable {
  empty(): Promise<void>;
  mix(sample: number, bytes: number): Promise<void>;
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
  const cases = (['empty', 'mix'] as const).flatMap((kind) => CASES.map((one) => ({ kind, ...one })));
  const rows: (string | number)[][] = [];
  const targets = [];
  for (const { kind, depth, bytes } of cases) {
    const title = kind === 'empty' ? 'an empty job' : `two leases of ${bytes / KiB} KiB in, one out`;
    const label = `${title}, ${depth === 1 ? 'one at a time' : `${depth} at once`}`;
    const first: number[] = [];
    for (const side of sides) {
      first.push((await many(side, kind, depth, bytes)).us);
      await many(side, kind, depth, bytes, WARM_UP);
    }
    const cpu: number[][] = [[], []];
    const [ours, theirs] = await interleave(sides, rounds, async (side) => {
      const spent = await many(side, kind, depth, bytes);
      cpu[sides.indexOf(side)].push(spent.cpuUs);
      return spent.us;
    });
    const [ourCpu, theirCpu] = cpu.map(median);
    rows.push([
      label,
      significant(ours.median),
      significant(theirs.median),
      `${significant(ours.median / theirs.median)} x`,
      significant(ourCpu),
      significant(theirCpu),
      `${significant(ourCpu / theirCpu)} x`,
      `${significant(first[0] / first[1])} x`,
    ]);
    const most = kind === 'empty' ? MOST.empty : depth === 1 ? MOST.alone : MOST.several;
    targets.push(noSlower(`${label}, beside bare Piscina`, ours, theirs, most));
  }
  return [
    {
      title: 'One task, from run() to its result, on one worker (us)',
      columns: [
        '',
        'millpond',
        'bare Piscina',
        'time beside it',
        'CPU',
        "Piscina's CPU",
        'CPU beside it',
        'its first tasks',
      ],
      rows,
      notes: [
        `Medians of ${rounds} interleaved rounds of ${TASKS} tasks or more, after ${WARM_UP} others. CPU is of both threads`,
        `together. The last column has the time of the first ${TASKS} beside Piscina's, while code is being compiled.`,
        "Piscina with atomics 'disabled', and without its own timing: with them an idle worker hears no other port.",
        'Of the leases one block is mixed into the other and returned, and both come home. Bare Piscina is sent the',
        'same two buffers and sends both back.',
      ],
      targets,
    },
  ];
}

/** Microseconds a task. */
interface Spent {
  readonly us: number;
  /** Of the whole process. */
  readonly cpuUs: number;
}

async function many(
  side: Side,
  kind: 'empty' | 'mix',
  depth: number,
  bytes: number,
  least = TASKS,
): Promise<Spent> {
  const tasks = Math.max(least, 2 * depth);
  let left = tasks;
  const work = async () => {
    while (left-- > 0) await (kind === 'empty' ? side.empty() : side.mix(left, bytes));
  };
  const startMs = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: depth }, work));
  const { user, system } = process.cpuUsage(before);
  return { us: ((performance.now() - startMs) * 1000) / tasks, cpuUs: (user + system) / tasks };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function millpond(): Promise<Side> {
  const runtime = await createRuntime({ job: new URL('../jobs/mix.ts', import.meta.url), threads: 1 });
  return {
    async empty() {
      assert.equal(await runtime.run(), undefined);
    },
    async mix(sample, bytes) {
      const [into, from] = [runtime.pool.acquire(bytes), runtime.pool.acquire(bytes)];
      into.float32[0] = sample;
      from.float32[0] = 1;
      const mixed = await runtime.run<Lease>({ into, from } satisfies Input);
      assert.equal(mixed.float32[0], sample + 1);
      mixed.release();
    },
    async [Symbol.asyncDispose]() {
      const { pool, loans } = runtime.snapshot();
      assert.equal(loans.count, 0, 'a loan did not come home');
      // With 4000 tasks at once most small buffers are more than the tier may keep.
      assert.ok(pool.hitRate > 0.5, `memory was reused for ${pool.hitRate} of the leases only`);
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
  const idle = new Map<number, ArrayBuffer[]>();
  return {
    async empty() {
      assert.equal(await piscina.run(undefined), undefined);
    },
    async mix(sample, bytes) {
      const own = idle.get(bytes) ?? [];
      idle.set(bytes, own);
      const [into, from] = [own.pop() ?? new ArrayBuffer(bytes), own.pop() ?? new ArrayBuffer(bytes)];
      new Float32Array(into)[0] = sample;
      new Float32Array(from)[0] = 1;
      const task: PlainInput = { into, from };
      const mixed: PlainInput = await piscina.run(task, { transferList: [into, from] as never });
      assert.equal(new Float32Array(mixed.into)[0], sample + 1);
      own.push(mixed.into, mixed.from);
    },
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}
