/** What users of the package import. Job files import `millpond/worker`. */
export { type Bytes, formatBytes, GiB, KiB, MiB, parseBytes } from './bytes.ts';
export { ERROR_CODES, type ErrorCode, isMillpondError, MillpondError } from './errors.ts';
export type { CpuSnapshot } from './machine/cpu-load.ts';
export type { Load } from './machine/load-meter.ts';
export { isLease, type Lease } from './pool/lease.ts';
export type { PoolOptions, Safety } from './pool/options.ts';
export type { AcquireOptions, Pool } from './pool/pool.ts';
export type { WriteOptions } from './pool/sending.ts';
export type { Pin } from './pool/store.ts';
export { DEFAULT_TIERS, type TierPolicies, type TierPolicy } from './pool/tiers.ts';
export type { BlockPolicy } from './regulation/block-state.ts';
export type { Decision, DecisionInputs, Score } from './regulation/decision.ts';
export type { BlockSnapshot, DecisionsSnapshot, PressureSnapshot } from './regulation/snapshots.ts';
export { QueueFullError } from './runtime/entrance.ts';
export { type InputOf, type JobFile, type JobFiles, jobFile, type ResultOf } from './runtime/jobs.ts';
export type { RuntimeOptions } from './runtime/options.ts';
export type { QueueOptions, TenantLimits, TenantOptions } from './runtime/queue-options.ts';
export type {
  CloseOptions,
  CloseReport,
  Inputs,
  LeftThread,
  MapFailure,
  MapOptions,
  Mapped,
  MapResults,
  ReadyOptions,
  Runner,
  RunOptions,
} from './runtime/runner.ts';
export { createRuntime, type Runtime } from './runtime/runtime.ts';
export type { StreamOptions, TaskStream } from './runtime/task-stream.ts';
export type { ThreadOptions } from './runtime/thread-options.ts';
export type {
  AcquireSlowPathMessage,
  PressureMessage,
  RebalanceMessage,
  ReleaseToMemoryMessage,
  WorkerLostMessage,
} from './telemetry/channels.ts';
export type { GivenThresholds } from './telemetry/health.ts';
export type { HealthThresholds } from './telemetry/health-findings.ts';
export type { HealthCheck, HealthReport } from './telemetry/health-report.ts';
export type { Log, LogEvent, LogLevel } from './telemetry/log.ts';
export type { QueueSnapshot, RefusedRuns, TenantSnapshot } from './telemetry/queue-snapshot.ts';
export type { RecordOptions } from './telemetry/recording/record-options.ts';
export type { GcKind } from './telemetry/series.ts';
export type { ShardSnapshot, ShardTierSnapshot } from './telemetry/shard-snapshot.ts';
export type { Snapshot } from './telemetry/snapshot.ts';
export type { ByteStats, GcSnapshot, LatencySummary, NanosecondStats, Stats } from './telemetry/stats.ts';
export type { TaskCounts } from './telemetry/task-end.ts';
export type { TierSnapshot } from './telemetry/tier-snapshot.ts';
