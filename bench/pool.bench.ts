/** Acquire + release against plain allocation. */
import { strict as assert } from 'node:assert';
import { createRuntime } from '../src/index.ts';
import type { Benchmark, Context, Table } from './benchmark.ts';
import type { Measurement, Way } from './jobs/acquire-release.ts';
import { interleave, significant, type spread } from './rounds.ts';

const KiB = 1024;
const job = new URL('./jobs/acquire-release.ts', import.meta.url);

/** Turns per round: enough for a few milliseconds, few enough that their number is exact in a Float32. */
const SIZES = [
  { label: '4 KiB', bytes: 4 * KiB, pooled: 200_000, allocated: 4000 },
  { label: '64 KiB', bytes: 64 * KiB, pooled: 200_000, allocated: 2000 },
  { label: '1 MiB', bytes: 1024 * KiB, pooled: 200_000, allocated: 200 },
] as const;

interface Contender {
  readonly label: string;
  readonly way: Way;
  readonly safety: 'off' | 'sampled' | 'full';
  readonly sampleEvery: number;
}

const CONTENDERS: readonly Contender[] = [
  ...(['off', 'sampled', 'full'] as const).flatMap((safety) => [
    { label: `pool, safety ${safety}, 1 of 64 recorded`, way: 'pool' as const, safety, sampleEvery: 64 },
    { label: `pool, safety ${safety}, all recorded`, way: 'pool' as const, safety, sampleEvery: 1 },
  ]),
  { label: 'new Float32Array', way: 'new Float32Array', safety: 'off', sampleEvery: 64 },
  { label: 'Buffer.allocUnsafeSlow', way: 'Buffer.allocUnsafeSlow', safety: 'off', sampleEvery: 64 },
];

const benchmark: Benchmark = {
  name: 'pool',
  question: 'What does it cost to get a block of samples and to give it back?',
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  // One worker for each contender, so that none runs code that was compiled for another.
  await using stack = new AsyncDisposableStack();
  const runtimes = new Map<Contender, Awaited<ReturnType<typeof createRuntime>>>();
  for (const contender of CONTENDERS) {
    const { safety, sampleEvery } = contender;
    runtimes.set(contender, stack.use(await createRuntime({ job, threads: 1, safety, sampleEvery })));
  }

  async function measure(contender: Contender, bytes: number, iterations: number): Promise<number> {
    const input: Measurement = { way: contender.way, bytes, iterations };
    const output = (await runtimes.get(contender)!.run(input)) as { nanoseconds: number; sum: number };
    assert.equal(
      output.sum,
      (iterations * (iterations - 1)) / 2,
      `${contender.label} returned other samples`,
    );
    return output.nanoseconds;
  }

  const columns: ReturnType<typeof spread>[][] = [];
  for (const { bytes, pooled, allocated } of SIZES) {
    const turns = ({ way }: Contender) => (way === 'pool' ? pooled : allocated);
    for (const contender of CONTENDERS) await measure(contender, bytes, turns(contender)); // compiles and fills
    columns.push(
      await interleave(CONTENDERS, rounds, (contender) => measure(contender, bytes, turns(contender))),
    );
  }
  for (const [{ label, way }, runtime] of runtimes) {
    if (way !== 'pool') continue;
    const { pool } = runtime.snapshot();
    assert.ok(pool.hitRate > 0.9999, `${label} reused memory for ${pool.hitRate} of its turns only`);
  }
  return [
    {
      title: 'Get memory, write and read one sample, give it back (ns, median)',
      columns: ['', ...SIZES.map(({ label }) => label)],
      rows: CONTENDERS.map(({ label }, row) => [
        label,
        ...columns.map((column) => significant(column[row].median)),
      ]),
      notes: [
        `Medians of ${rounds} interleaved rounds, each contender in a worker of its own.`,
        'new Float32Array hands out zeros; the pool and allocUnsafeSlow hand out what was there before.',
      ],
    },
  ];
}
