/** Acquire + release against plain allocation, other pools and C. */
import { strict as assert } from 'node:assert';
import { createRuntime, KiB, MiB, type Runtime, type Safety } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { type CMalloc, compileMalloc } from '../c-malloc.ts';
import type { Measurement, Way } from '../jobs/acquire-release.ts';
import { findCompiler, findPackage, type Peer } from '../peers.ts';
import { interleave, type Spread, significant } from '../rounds.ts';
import { atLeast, atMost, noSlower, type Target } from '../targets.ts';

const job = new URL('../jobs/acquire-release.ts', import.meta.url);

/** Turns per round: enough for a few milliseconds, few enough that their number is exact in a Float32. */
const SIZES = [
  { label: '4 KiB', bytes: 4 * KiB, pooled: 800_000, allocated: 4000 },
  { label: '64 KiB', bytes: 64 * KiB, pooled: 800_000, allocated: 2000 },
  { label: '1 MiB', bytes: MiB, pooled: 800_000, allocated: 200 },
] as const;

/** Rounds before the clock counts: filling takes one, and the compiler comes back to a loop several times. */
const WARM_ROUNDS = 12;

interface Contender {
  readonly label: string;
  readonly way: Way | 'C';
  readonly safety: Safety;
  readonly sampleEvery: number;
  /** Undefined for what comes with Node or with this project. */
  readonly peer?: Peer;
}

/** Those that get new memory in every turn, and need more than a microsecond for it. */
const ALLOCATING: readonly string[] = ['new Float32Array', 'Buffer.allocUnsafeSlow'];

const PLAIN = { safety: 'off', sampleEvery: 64 } as const;
const OURS: readonly Contender[] = (['off', 'sampled', 'full'] as const).flatMap((safety) => [
  { label: `pool, safety ${safety}, 1 of 64 recorded`, way: 'pool', safety, sampleEvery: 64 },
  { label: `pool, safety ${safety}, all recorded`, way: 'pool', safety, sampleEvery: 1 },
]);
const [, , SAMPLED, SAMPLED_ALL_RECORDED, FULL, FULL_ALL_RECORDED] = OURS;
/** What views add, by which one and whether the turn before had the same length; the first has none. */
const VIEWS: readonly Contender[] = [
  { label: 'no view', way: 'pool, no view' },
  { label: 'float32', way: 'pool' },
  { label: 'bytes', way: 'pool, bytes' },
  { label: 'float32, another length than last time', way: 'pool, another length' },
  { label: 'bytes, another length than last time', way: 'pool, bytes, another length' },
].map(({ label, way }) => ({ label, way: way as Way, safety: 'sampled', sampleEvery: 64 }));
const NEW: Contender = { label: 'new Float32Array', way: 'new Float32Array', ...PLAIN };

const benchmark: Benchmark = {
  name: 'pool',
  question: 'What does it cost to get a block of samples and to give it back?',
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  const all: readonly Contender[] = [
    ...OURS,
    NEW,
    { label: 'Buffer.allocUnsafeSlow', way: 'Buffer.allocUnsafeSlow', ...PLAIN },
    ...(['typedarray-pool', '@thi.ng/malloc'] as const).map((way) => ({
      label: way,
      way,
      ...PLAIN,
      peer: findPackage(way),
    })),
    { label: 'C: malloc and free', way: 'C', ...PLAIN, peer: findCompiler() },
  ];
  const here = ({ peer }: Contender) => peer === undefined || peer.version !== undefined;
  const found = all.filter(here);
  const contenders = [...found, ...VIEWS];

  // One worker for each contender, so that none runs code that was compiled for another.
  await using stack = new AsyncDisposableStack();
  const runtimes = new Map<Contender, Runtime>();
  let malloc: CMalloc | undefined;
  for (const contender of contenders) {
    const { way, safety, sampleEvery, peer } = contender;
    if (way === 'C') malloc = stack.use(compileMalloc(peer!));
    else runtimes.set(contender, stack.use(await createRuntime({ job, threads: 1, safety, sampleEvery })));
  }

  async function measure(contender: Contender, bytes: number, iterations: number): Promise<number> {
    const { way, label, peer } = contender;
    const { nanoseconds, sum } =
      way === 'C'
        ? malloc!.measure(bytes, iterations)
        : await runtimes.get(contender)!.run<{ nanoseconds: number; sum: number }>({
            ...({ way, bytes, iterations } satisfies Measurement),
            ...(peer && { path: peer.program }),
          });
    assert.equal(sum, (iterations * (iterations - 1)) / 2, `${label} returned other samples`);
    return nanoseconds;
  }

  const columns: Map<Contender, Spread>[] = [];
  for (const { bytes, pooled, allocated } of SIZES) {
    // At full safety memory is new in every turn, too.
    const count = ({ way, safety }: Contender) =>
      ALLOCATING.includes(way) || safety === 'full' ? allocated : pooled;
    for (const contender of contenders) {
      for (let turn = 0; turn < WARM_ROUNDS; turn++) await measure(contender, bytes, count(contender));
    }
    const spreads = await interleave(contenders, rounds, (contender) =>
      measure(contender, bytes, count(contender)),
    );
    columns.push(new Map(contenders.map((contender, at) => [contender, spreads[at]])));
  }
  for (const [{ label, way }, runtime] of runtimes) {
    if (!way.startsWith('pool')) continue;
    const { pool } = runtime.snapshot();
    assert.ok(pool.hitRate > 0.9999, `${label} reused memory for ${pool.hitRate} of its turns only`);
  }
  return [
    {
      title: 'Get memory, write and read one sample, give it back (ns, median)',
      columns: ['', ...SIZES.map(({ label }) => label)],
      rows: all.map((contender) => {
        const { label, peer } = contender;
        if (!here(contender)) return [`${label}: not found, get it: ${peer!.remedy}`, '', '', ''];
        return [label, ...columns.map((column) => significant(column.get(contender)!.median))];
      }),
      notes: [
        `Medians of ${rounds} interleaved rounds, each contender in a worker of its own.`,
        'new Float32Array gives zeros; all others give what was there before.',
        'C is for scale: it makes no view, has no budget, and its memory cannot go to another thread of Node.',
        ...all.flatMap(({ label, peer }) => (peer?.version ? [`${label}: ${peer.version}`] : [])),
      ],
      targets: targets(found, columns),
    },
    {
      title: 'The same by view and length, safety sampled, 1 of 64 recorded (ns, median)',
      columns: ['', ...SIZES.map(({ label }) => label)],
      rows: VIEWS.map((contender) => [
        contender.label,
        ...columns.map((column) => significant(column.get(contender)!.median)),
      ]),
      notes: [
        'A view is kept with its buffer, and made anew where the buffer is lent at another length than before.',
        'Compiled code differs from process to process: compare medians over several processes.',
      ],
    },
  ];
}

function targets(contenders: readonly Contender[], columns: readonly Map<Contender, Spread>[]): Target[] {
  const javascript = contenders.filter(({ way }) => way !== 'pool' && way !== 'C');
  const [, , large] = columns;
  return [
    ...SIZES.flatMap(({ label }, at) => {
      const ns = (contender: Contender) => columns[at].get(contender)!.median;
      return [
        atMost(`${label}, safety sampled, 1 of 64 recorded`, ns(SAMPLED), 30, 'ns'),
        atMost(`${label}, safety sampled, all recorded`, ns(SAMPLED_ALL_RECORDED), 160, 'ns'),
        atMost(`${label}, safety full, 1 of 64 recorded`, ns(FULL), 500, 'ns'),
        atMost(`${label}, safety full, all recorded`, ns(FULL_ALL_RECORDED), 500, 'ns'),
        ...javascript.map((peer) =>
          noSlower(
            `${label}, sampled, beside ${peer.label}`,
            columns[at].get(SAMPLED)!,
            columns[at].get(peer)!,
          ),
        ),
      ];
    }),
    atLeast(
      '1 MiB, sampled, beside new Float32Array',
      large.get(NEW)!.median / large.get(SAMPLED)!.median,
      1000,
      'x quicker',
    ),
  ];
}
