/** What users of the package import. Job files import `millpond/worker`. */
export { type Bytes, formatBytes, GiB, KiB, MiB, parseBytes } from './bytes.ts';
export { ERROR_CODES, type ErrorCode, isMillpondError, MillpondError } from './errors.ts';
export type { PoolOptions, Safety } from './options.ts';
export type { Lease, Pin } from './pool/lease.ts';
export type { AcquireOptions, Pool } from './pool/pool.ts';
export { DEFAULT_TIERS, type TierPolicies, type TierPolicy } from './pool/tiers.ts';
export { type CloseReport, createRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
export type { ShardSnapshot, Snapshot, TaskCounts, TierSnapshot } from './take-snapshot.ts';
export type { RunOptions } from './tasks.ts';
export type { Log, LogEvent, LogLevel } from './telemetry/log.ts';
