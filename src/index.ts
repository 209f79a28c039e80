/** What users of the package import. Job files import `millpond/worker`. */
export { type Bytes, formatBytes, GiB, KiB, MiB, parseBytes } from './bytes.ts';
export { ERROR_CODES, type ErrorCode, isMillpondError, MillpondError } from './errors.ts';
export type { Lease, Pin } from './pool/lease.ts';
export type { PoolOptions, Safety } from './pool/options.ts';
export type { AcquireOptions, Pool } from './pool/pool.ts';
export { DEFAULT_TIERS, type TierPolicies, type TierPolicy } from './pool/tiers.ts';
export type { BlockPolicy } from './regulation/block-policy.ts';
export type { Decision, DecisionInputs, Score } from './regulation/decision.ts';
export { type CloseReport, createRuntime, type Runtime, type RuntimeOptions } from './runtime/runtime.ts';
export type { RunOptions } from './runtime/tasks.ts';
export type {
  AcquireSlowPathMessage,
  PressureMessage,
  RebalanceMessage,
  ReleaseToMemoryMessage,
  WorkerLostMessage,
} from './telemetry/channels.ts';
export type { GivenThresholds, HealthCheck, HealthReport, HealthThresholds } from './telemetry/health.ts';
export type { Log, LogEvent, LogLevel } from './telemetry/log.ts';
export type { RecordOptions } from './telemetry/recording/record-options.ts';
export type * from './telemetry/snapshot.ts';
