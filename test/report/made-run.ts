/** Recordings that are made up from a seed: as long and as full as a test wants them. */
import { KiB, MiB } from '../../src/bytes.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import { type Cut, encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import {
  type IntervalLine,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordedJob,
  type RecordedSeries,
  type RecordedTimes,
  type RecordingLine,
  type SeriesName,
} from '../../src/telemetry/recording/lines.ts';
import { type Random, randomFrom } from '../regulation/random.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';

export interface MadeRun {
  readonly seed?: number;
  readonly seconds?: number;
  readonly intervalSeconds?: number;
  /** Workers; 2 by default. */
  readonly threads?: number;
  /** Hits in an interval and a thread. */
  readonly hits?: number;
  /** All latencies are so many times as long. */
  readonly slowness?: number;
  readonly label?: string;
  /** Each is what one of the threads runs, in their order; by default that is not said. */
  readonly jobs?: readonly string[];
  /** Only this thread is slower. */
  readonly slowThread?: number;
  /** Leaves the last line out, as a crash does. */
  readonly crashed?: boolean;
}

/** Means in nanoseconds (bytes for sizes), about; what is recorded of each in an interval and a thread. */
const SHAPES: readonly [name: SeriesName, mean: number, records: number][] = [
  ['latency/hit/medium', 400, 20],
  ['latency/hit/large', 600, 6],
  ['latency/fresh/medium', 15_000, 4],
  ['latency/fresh/large', 180_000, 2],
  ['latency/waited/large', 3e6, 1],
  ['lifetime/medium', 250_000, 8],
  ['size/medium', 60_000, 20],
  ['size/large', 500_000, 6],
  ['gc/minor', 900_000, 3],
  ['gc/major', 4e6, 1],
  ['queue', 20e6, 5],
  ['service', 180e6, 5],
];

/** What was made before, by its options: lines are never changed, only mapped to others. */
const memo = new Map<string, readonly RecordingLine[]>();

export function madeLines(options: MadeRun = {}): readonly RecordingLine[] {
  const key = JSON.stringify(Object.entries(options).sort());
  const lines = memo.get(key) ?? make(options);
  memo.set(key, lines);
  return lines;
}

function make(options: MadeRun): readonly RecordingLine[] {
  const {
    seed = 1,
    seconds = 60,
    intervalSeconds = 1,
    threads = 2,
    label = 'made up',
    jobs,
    crashed = false,
  } = options;
  const random = randomFrom(seed);
  // As a runtime does: no paths of its machine.
  const { spoolFolder: _, ...recorded } = resolvePoolOptions({}, threads);
  const lines: RecordingLine[] = [
    {
      kind: 'header',
      format: RECORDING_FORMAT,
      version: RECORDING_VERSION,
      startedAt: '2026-11-25T08:00:00.000Z',
      label,
      ...(jobs && { jobs }),
      versions: { millpond: '0.1.0', node: 'v26.10.0', v8: '14.6' },
      machine: { cpu: 'A made-up CPU', cores: 2, memoryBytes: 8192 * MiB, system: 'linux x64 6.1' },
      options: { ...recorded, threads },
      clock: { resolutionNanoseconds: 40, readNanoseconds: 35, recordNanoseconds: 30 },
      significantDigits: 2,
    },
  ];
  const count = Math.ceil(seconds / intervalSeconds);
  let peakBytes = 0;
  let decisions = 0;
  for (let at = 0; at < count; at++) {
    const line = interval(options, random, at, intervalSeconds, peakBytes);
    peakBytes = line.budget.peakBytes;
    lines.push(line);
    if (at % 20 !== 10) continue;
    decisions++;
    const kinds = ['grow', 'shrink', 'trim', 'return'] as const;
    lines.push({
      kind: 'decision',
      decision: {
        number: decisions,
        atSeconds: line.to,
        kind: kinds[decisions % kinds.length],
        reason: 'CPU load is 97.0 %, on trial: 64 KiB to 96 KiB',
        inputs: {
          ...{ cpu: 0.97, pressure: 'nominal', usedBytes: line.budget.usedBytes, idleBytes: MiB },
          ...{ blockBytes: line.blockBytes, bytesPerCpuSecond: 3e7, p99Nanoseconds: 200_000 },
          ...{ acquireShare: 0.06, waitShare: 0.01 },
        },
        blockBytes: line.blockBytes * 1.5,
        score: null,
      },
    });
    lines.push({
      kind: 'score',
      number: decisions,
      score: {
        ...{ verdict: decisions % 3 === 0 ? 'regretted' : 'good', recoveredBytes: 0, returnedBytes: 0 },
        ...{ p99Ratio: 1.02, throughputRatio: 1.03, regret: decisions % 3 === 0 ? 0.4 : 0 },
      },
    });
  }
  if (!crashed) {
    lines.push({
      kind: 'end',
      at: count * intervalSeconds,
      snapshot: snapshotWith({ budget: { peakBytes } }),
    });
  }
  return lines;
}

/** As in a file. */
export function textOf(lines: readonly RecordingLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function interval(
  { threads = 2, hits = 1280, slowness = 1, slowThread, jobs = [] }: MadeRun,
  random: Random,
  at: number,
  seconds: number,
  peakBytes: number,
): IntervalLine {
  const shards = Array.from({ length: threads }, (_, index) => index + 1);
  const usedBytes = Math.round((20 + 10 * Math.sin(at / 9) + 2 * random.normal()) * MiB);
  const series = shards.flatMap((shard) =>
    SHAPES.map(([name, mean, records]) => {
      const isHit = name.startsWith('latency/hit') || name.startsWith('size');
      return made(
        name,
        shard,
        mean * (name.startsWith('size') || (slowThread ?? shard) !== shard ? 1 : slowness),
        records,
        isHit ? 64 : 1,
        random,
      );
    }),
  );
  const freshes = 4 * threads;
  return {
    kind: 'interval',
    from: at * seconds,
    to: (at + 1) * seconds,
    series,
    served: {
      hit: [0, hits * threads, 384 * threads, 0],
      fresh: [0, freshes, 2 * threads, 0],
      waited: [0, 0, threads, 0],
    },
    clipped: 0,
    budget: { usedBytes, peakBytes: Math.max(peakBytes, usedBytes) },
    tiers: {
      small: [0, 0],
      medium: [Math.round(usedBytes * 0.2), Math.round(usedBytes * 0.1)],
      large: [Math.round(usedBytes * 0.5), Math.round(usedBytes * 0.2)],
      direct: [0, 0],
    },
    shards: [
      [0, 0, 0, 0, 0.02],
      ...shards.map(
        (shard) =>
          [
            ...([shard, Math.round(usedBytes / threads), MiB] as const),
            Math.round((30 + random.normal()) * 1e6 * seconds),
            Math.min(1, 0.95 + 0.02 * random.normal()),
          ] as const,
      ),
    ],
    cpu: { process: 0.95, system: 0.97 },
    pressure: usedBytes > 30 * MiB ? 'elevated' : 'nominal',
    rssBytes: 150 * MiB + usedBytes,
    blockBytes: (64 + 32 * Math.floor((at % 60) / 20)) * KiB,
    moves: at % 7 === 3 ? [['quota', 'large', 1, 2, 3]] : [],
    tasks: { queued: 4, running: threads, succeeded: 10, failed: 0, cancelled: 0, lost: 0 },
    slowest: [[`album/track ${at}.flac`, 1, at * seconds, 2e7, 4e8, 'succeeded']],
    ...(jobs.length > 1 && { jobs: jobs.map((_, job) => madeJob(job, at * seconds, series)) }),
  };
}

/** Of ten tasks the first job has seven. */
function madeJob(job: number, startSeconds: number, series: readonly RecordedSeries[]): RecordedJob {
  const times = (of: SeriesName): RecordedTimes => {
    const [, , ...rest] = series.find(([name, shard]) => name === of && shard === job + 1) as RecordedSeries;
    return rest;
  };
  const none = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
  return {
    job,
    tasks: { ...none, queued: job < 2 ? 2 : 0, running: 1, succeeded: job === 0 ? 7 : job === 1 ? 3 : 0 },
    queue: times('queue'),
    service: times('service'),
    slowest: job === 0 ? [[`album/track ${startSeconds}.flac`, 1, startSeconds, 2e7, 4e8, 'succeeded']] : [],
  };
}

/** Where a value is counted: the inverse of `lowestAt`. */
function indexOf(value: number, { magnitude, halfBucket }: Cut): number {
  const steps = Math.floor(value / 2 ** magnitude);
  const bucket = Math.max(0, Math.floor(Math.log2(steps / halfBucket)));
  return bucket * halfBucket + Math.floor(steps / 2 ** bucket);
}

/** Log-normal around the mean. */
function made(
  name: SeriesName,
  shard: number,
  mean: number,
  records: number,
  weight: number,
  random: Random,
): RecordedSeries {
  const cut = cutOfSeries(name);
  const counts = new Map<number, number>();
  let max = 0;
  let sum = 0;
  for (let record = 0; record < records; record++) {
    const value = Math.max(1, Math.round(mean * Math.exp(0.5 * random.normal())));
    if (value > cut.highest) throw new Error(`${name} goes up to ${cut.highest}, made was ${value}`);
    const at = indexOf(value, cut);
    counts.set(at, (counts.get(at) ?? 0) + weight);
    max = Math.max(max, value);
    sum += value * weight;
  }
  const sparse = [...counts].sort(([a], [b]) => a - b).flat();
  return [name, shard, encodeSparse(sparse, cut), max, sum];
}
