/**
 * What each kind of line holds. Fields that are not named here are passed over: a later version may have
 * added them. Pure.
 */
import * as v from 'valibot';
import { CAUSES } from '../../pool/causes.ts';
import { TIER_NAMES } from '../../pool/tiers.ts';
import { REFUSALS } from '../../telemetry/queue-snapshot.ts';
import {
  type DecisionLine,
  type EndLine,
  type HeaderLine,
  type IntervalLine,
  type PressureLine,
  RECORDING_FORMAT,
  type RecordedJob,
  type RecordedMove,
  type RecordedSeries,
  type RecordedShard,
  type RecordedTask,
  type RecordedTimes,
  type RecoveryLine,
  type ScoreLine,
  SERIES_NAMES,
  type WorkerLostLine,
} from '../../telemetry/recording/lines.ts';
import { decision, pressureLevel, score, snapshot } from './snapshot.ts';
import { taskCounts } from './tasks.ts';
import {
  amount,
  cores,
  count,
  each,
  exitCode,
  fields,
  flag,
  listOf,
  oneOf,
  seconds,
  shard,
  share,
  some,
  text,
  version,
} from './values.ts';

const tierPolicy = fields({ capacity: count, maxIdle: count });

export const headerLine: v.GenericSchema<unknown, HeaderLine> = fields({
  kind: v.literal('header'),
  format: v.literal(RECORDING_FORMAT),
  version,
  startedAt: v.pipe(
    v.string('a time as 2026-11-25T08:00:00.000Z'),
    v.isoTimestamp('a time as 2026-11-25T08:00:00.000Z'),
    v.check((time) => Number.isFinite(Date.parse(time)), 'a time as 2026-11-25T08:00:00.000Z'),
  ),
  label: text(200),
  jobs: v.exactOptional(listOf(text(1000))),
  versions: fields({ millpond: text(100), node: text(100), v8: text(100) }),
  machine: fields({ cpu: text(200), cores, memoryBytes: count, system: text(200) }),
  options: fields({
    threads: v.pipe(shard, v.minValue(1, 'a whole number from 1 to 1024')),
    budgetBytes: count,
    // Recordings before 0.2 have neither.
    reserveBytes: v.optional(count, 0),
    mostOutputBytes: v.optional(count, 0),
    tiers: v.strictTuple([tierPolicy, tierPolicy, tierPolicy], 'a list of three tiers'),
    safety: oneOf(['off', 'sampled', 'full']),
    scrub: flag,
    acquireTimeoutMs: amount,
    sampleEvery: v.pipe(count, v.minValue(1, 'a whole number from 1 to 2^53')),
    blockBytes: count,
    sizing: oneOf(['adaptive', 'fixed']),
    leastBlockBytes: count,
    mostBlockBytes: count,
    mostBlockMs: amount,
  }),
  clock: fields({
    resolutionNanoseconds: amount,
    readNanoseconds: amount,
    recordNanoseconds: amount,
  }),
  significantDigits: count,
});

const series: v.GenericSchema<unknown, RecordedSeries> = v.strictTuple(
  [oneOf(SERIES_NAMES), shard, v.string('a text'), amount, amount],
  'a list of a name, a shard, a histogram, a maximum and a sum',
);

const recordedShard: v.GenericSchema<unknown, RecordedShard> = v.strictTuple(
  [shard, count, count, count, v.nullable(share)],
  'a list of a shard, three numbers of bytes and a load',
);

const move: v.GenericSchema<unknown, RecordedMove> = v.strictTuple(
  [oneOf(['quota', 'buffers']), oneOf(TIER_NAMES), shard, shard, count],
  'a list of what moved, a tier, two shards and a count',
);

const task: v.GenericSchema<unknown, RecordedTask> = v.strictTuple(
  [text(1000), shard, seconds, amount, amount, oneOf(['succeeded', 'failed', 'cancelled', 'lost'])],
  'a list of a name, a shard, three times and an outcome',
);

const times: v.GenericSchema<unknown, RecordedTimes> = v.strictTuple(
  [v.string('a text'), amount, amount],
  'a list of a histogram, a maximum and a sum',
);

const job: v.GenericSchema<unknown, RecordedJob> = fields({
  job: count,
  tasks: taskCounts,
  queue: v.exactOptional(times),
  service: v.exactOptional(times),
  slowest: listOf(task),
});

const pair = v.strictTuple([count, count], 'a list of two numbers of bytes');
const byTier = v.strictTuple([count, count, count, count], 'a list of four counts');

const intervalLine: v.GenericSchema<unknown, IntervalLine> = fields({
  kind: v.literal('interval'),
  from: seconds,
  to: seconds,
  series: listOf(series),
  served: some(CAUSES, byTier),
  clipped: count,
  budget: fields({ usedBytes: count, peakBytes: count }),
  tiers: each(TIER_NAMES, pair),
  shards: listOf(recordedShard),
  cpu: fields({ process: v.nullable(share), system: v.nullable(share) }),
  pressure: pressureLevel,
  rssBytes: count,
  blockBytes: amount,
  moves: listOf(move),
  tasks: taskCounts,
  slowest: listOf(task),
  jobs: v.exactOptional(listOf(job)),
  refusedRuns: v.exactOptional(some(REFUSALS, count)),
  omitted: v.exactOptional(count),
});

const decisionLine: v.GenericSchema<unknown, DecisionLine> = fields({
  kind: v.literal('decision'),
  decision,
});

const scoreLine: v.GenericSchema<unknown, ScoreLine> = fields({
  kind: v.literal('score'),
  number: count,
  score,
});

const pressureLine: v.GenericSchema<unknown, PressureLine> = fields({
  kind: v.literal('pressure'),
  at: seconds,
  from: pressureLevel,
  to: pressureLevel,
  ledgerShare: share,
  processShare: v.nullable(share),
});

const recoveryLine: v.GenericSchema<unknown, RecoveryLine> = fields({
  kind: v.literal('recovery'),
  at: seconds,
  recovered: flag,
  milliseconds: amount,
  recoveredBytes: count,
});

const workerLostLine: v.GenericSchema<unknown, WorkerLostLine> = fields({
  kind: v.literal('worker-lost'),
  at: seconds,
  shard,
  exitCode,
  task: v.exactOptional(text(1000)),
  job: v.exactOptional(text(1000)),
});

const endLine: v.GenericSchema<unknown, EndLine> = fields({
  kind: v.literal('end'),
  at: seconds,
  snapshot,
});

/** By kind, all but the header. */
export const LINES = {
  interval: intervalLine,
  decision: decisionLine,
  score: scoreLine,
  pressure: pressureLine,
  recovery: recoveryLine,
  'worker-lost': workerLostLine,
  end: endLine,
} as const;
