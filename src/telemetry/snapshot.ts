/**
 * What a runtime shows of itself: plain JSON. Counters only rise and have no unit but their name's; `...Rate`, `...Share`
 * and `utilization` are 0 to 1; `...PerSecond` is over the last whole interval of about a second. A distribution is over all
 * since the start; beside each, `interval...` is the same over the last whole interval.
 */

import type { Bytes } from '../bytes.ts';
import type { CauseName } from '../pool/causes.ts';
import type { TierName } from '../pool/tiers.ts';
import type { Decision, DecisionKind, Verdict } from '../regulation/decision.ts';
import type { PressureLevel } from '../regulation/pressure.ts';
import type { HealthReport } from './health.ts';
import type { Family } from './series.ts';

/** A distribution, to two significant digits (`sum`, `mean` and `max` are exact). All 0 when nothing was recorded. */
export interface Stats {
  readonly count: number;
  /** Of all values that were recorded, each as often as its weight says; since the start, it never falls. */
  readonly sum: number;
  /** `sum` beside the sum of the weights, of which `count` is an exact one where it is known. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface NanosecondStats extends Stats {
  readonly unit: 'ns';
}

export interface ByteStats extends Stats {
  readonly unit: 'B';
}

export interface LatencySummary {
  readonly unit: 'ns';
  readonly byCause: Readonly<Record<CauseName, Stats>>;
  /** Only what was recorded; counts are sums of weights. */
  readonly byTier: Readonly<Record<TierName, Readonly<Partial<Record<CauseName, Stats>>>>>;
  /** Records clamped to 1 ns .. 60 s. */
  readonly clipped: number;
}

export interface TierSnapshot {
  /** Requests that got memory. */
  readonly acquires: number;
  /** Of these, served from memory already pooled: own list, mailbox, next tier up. */
  readonly hits: number;
  readonly hitRate: number;
  /** Leases that ended: released, or reclaimed at the end of their task. */
  readonly releases: number;
  /** Buffers freed because the free list was full. */
  readonly overflows: number;
  /** Bytes that were allocated from the system, and freed to it, since the start. */
  readonly allocatedBytes: Bytes;
  readonly freedBytes: Bytes;
  /** Buffers. */
  readonly idle: number;
  /** The sum of each shard's largest number of idle buffers. */
  readonly idlePeak: number;
  /** Of the tier's bytes, the share under a lease. */
  readonly utilization: number;
}

export interface ShardTierSnapshot {
  /** Under a lease, or in quarantine. */
  readonly usedBytes: Bytes;
  readonly availableBytes: Bytes;
  readonly utilization: number;
}

export interface ShardSnapshot {
  /** 0 is the main thread. */
  readonly shard: number;
  readonly chargedBytes: Bytes;
  readonly idleBytes: Bytes;
  /** The largest request that waits for memory now, 0 when none does. */
  readonly starvingBytes: Bytes;
  readonly acquires: number;
  readonly releases: number;
  readonly utilization: number;
  /** Audio that its jobs reported as processed. */
  readonly processedBytes: Bytes;
  readonly idle: Readonly<Record<TierName, number>>;
  readonly quota: Readonly<Record<TierName, number>>;
  readonly byTier: Readonly<Record<TierName, ShardTierSnapshot>>;
}

/** Loads are 0 to 1; null where this machine or Node does not tell. `raw` is over the last interval, the other smoothed. */
export interface Load {
  readonly raw: number | null;
  readonly smoothed: number | null;
}

export interface CpuSnapshot {
  /** Cores that the process may use: the least of affinity and the container's quota. */
  readonly cores: number;
  /** CPU time of the process, of that of its cores. */
  readonly process: Load;
  /** Of all cores of the machine. */
  readonly system: Load;
  /** By shard, 0 is the main thread. */
  readonly byShard: readonly {
    readonly shard: number;
    /** CPU time of the thread, of the time that went by. */
    readonly cpu: Load;
    /** Share of the time that its event loop was not idle. */
    readonly eventLoop: Load;
  }[];
}

export interface PressureSnapshot {
  readonly level: PressureLevel;
  /** The level that the ledger alone would have, and process memory alone. */
  readonly ledgerLevel: PressureLevel;
  readonly processLevel: PressureLevel;
  /** The ledger's sum beside the budget. */
  readonly ledgerShare: number;
  /** Memory of the process beside what it may have; null where nothing limits it. */
  readonly processShare: number | null;
  readonly rssBytes: Bytes;
  /** The container's limit, else the machine's memory; null where it cannot be read. */
  readonly limitBytes: Bytes | null;
  readonly secondsAtLevel: Readonly<Record<PressureLevel, number>>;
  /** An emergency goes on now. */
  readonly emergency: boolean;
}

export interface BlockSnapshot {
  /** What jobs are advised to work in now. */
  readonly bytes: Bytes;
  readonly baselineBytes: Bytes;
  readonly leastBytes: Bytes;
  readonly mostBytes: Bytes;
  /** Growth ends here for now, for what it remembers of the last pressure or of growth that did not help. */
  readonly ceilingBytes: Bytes;
  /** Milliseconds of audio that one block lasts at most. */
  readonly mostMilliseconds: number;
}

export const GC_KINDS = ['minor', 'major', 'incremental', 'weak'] as const;
export type GcKind = (typeof GC_KINDS)[number];

export interface GcSnapshot {
  readonly shard: number;
  readonly byKind: Readonly<Record<GcKind, NanosecondStats>>;
}

export interface DecisionsSnapshot {
  readonly counts: Readonly<Record<DecisionKind, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Mean regret of those that were judged, 0 to 1. */
  readonly regret: number;
  /** The last ones, oldest first. */
  readonly recent: readonly Decision[];
  /** What the other parameters would have done, where a shadow runs. */
  readonly shadow: {
    readonly blockBytes: Bytes;
    readonly counts: Readonly<Record<DecisionKind, number>>;
  } | null;
}

export interface Snapshot {
  readonly threads: number;
  readonly uptimeSeconds: number;
  readonly budget: {
    readonly limitBytes: Bytes;
    readonly usedBytes: Bytes;
    /** The largest sum that a successful reservation accepted. */
    readonly peakBytes: Bytes;
    readonly utilization: number;
  };
  readonly memory: {
    /** Every live byte: what the budget counts. */
    readonly totalBytes: Bytes;
    readonly byTier: Readonly<
      Record<TierName, { readonly usedBytes: Bytes; readonly availableBytes: Bytes }>
    >;
    /** Over the largest tier. */
    readonly directBytes: Bytes;
    /** On the way between two threads, loans left out. */
    readonly inTransitBytes: Bytes;
    /** On loan to tasks. */
    readonly loanBytes: Bytes;
  };
  readonly pool: {
    readonly acquires: number;
    /** Share of `acquires` served from memory already pooled. */
    readonly hitRate: number;
    readonly refused: number;
    /** Buffers that were allocated from the system since the start. */
    readonly allocations: number;
    readonly allocatedBytes: Bytes;
    readonly freedBytes: Bytes;
    /** Of the bytes in pools, the share under a lease. */
    readonly utilization: number;
    /** Bytes allocated and freed in a second, beside the bytes held. */
    readonly turnoverPerSecond: number;
    readonly byTier: Readonly<Record<TierName, TierSnapshot>>;
  };
  readonly patterns: {
    readonly requestsPerSecond: number;
    /** Bytes asked for; counts are sums of weights, since hits are sampled. */
    readonly sizes: ByteStats;
    readonly sizesByTier: Readonly<Partial<Record<TierName, ByteStats>>>;
    readonly intervalSizes: ByteStats;
    readonly intervalSizesByTier: Readonly<Partial<Record<TierName, ByteStats>>>;
  };
  readonly latency: LatencySummary;
  readonly intervalLatency: LatencySummary;
  readonly usage: {
    /** From acquire to release; of sampled leases, with their weight. */
    readonly lifetimes: NanosecondStats;
    readonly intervalLifetimes: NanosecondStats;
    /** Share of requests that needed no new memory. */
    readonly reuseRate: number;
    /** Bytes asked for beside bytes of the buffers that served them; null before the first sample. */
    readonly efficiency: number | null;
  };
  readonly pressure: PressureSnapshot;
  readonly cleanup: {
    /** Decisions to free idle memory. */
    readonly trims: number;
    /** What shards freed when they were asked to, by such a decision or for one that starved. */
    readonly trimmedBytes: Bytes;
    /** Of what was to be freed, the share that was; 1 before the first time. */
    readonly recoveryRate: number;
    /** Bytes freed beside bytes allocated, since the start. */
    readonly poolTurnover: number;
    readonly emergencies: number;
    /** Emergencies that ended because pressure fell. */
    readonly recovered: number;
    readonly recoverySuccessRate: number;
    /** From the start of an emergency to its end. */
    readonly recovery: NanosecondStats;
    readonly intervalRecovery: NanosecondStats;
    readonly gc: readonly GcSnapshot[];
    readonly intervalGc: readonly GcSnapshot[];
  };
  /**
   * Values and weights that lay outside what a histogram of their kind holds, and were clamped to that: latencies and pauses
   * 1 ns to 60 s, lifetimes and recoveries 1 ns to a day, sizes 0 to 1 TiB.
   */
  readonly clipped: Readonly<Record<Family, number>>;
  readonly cpu: CpuSnapshot;
  readonly block: BlockSnapshot;
  readonly decisions: DecisionsSnapshot;
  /** Leases by who acquired (row) and who released (column), in the order of `shards`; pairs that had none are left out. */
  readonly flow: readonly {
    readonly acquiredBy: number;
    readonly releasedBy: number;
    readonly leases: number;
  }[];
  readonly health: HealthReport;
  readonly shards: readonly ShardSnapshot[];
  readonly loans: { readonly count: number; readonly bytes: Bytes };
  readonly leaks: number;
  readonly quarantined: number;
  readonly tasks: TaskCounts;
}

export interface TaskCounts {
  readonly queued: number;
  readonly running: number;
  readonly succeeded: number;
  /** Ended with the job's own error, or never started for want of the memory that it needs. */
  readonly failed: number;
  readonly cancelled: number;
  /** Died with their worker. */
  readonly lost: number;
}
