/**
 * What a runtime shows of itself: plain JSON. Counters only rise and have no unit but their name's;
 * `...Rate`, `...Share` and `utilization` are 0 to 1; `...PerSecond` is over the last whole interval of about
 * a second. A distribution is over all since the start; beside each, `interval...` is the same over the last
 * whole interval.
 */
import type { Bytes } from '../bytes.ts';
import type { CpuSnapshot } from '../machine/cpu-load.ts';
import type { TierName } from '../pool/tiers.ts';
import type { BlockSnapshot, DecisionsSnapshot, PressureSnapshot } from '../regulation/snapshots.ts';
import type { HealthReport } from './health-report.ts';
import type { QueueSnapshot } from './queue-snapshot.ts';
import type { Family } from './series.ts';
import type { ShardSnapshot } from './shard-snapshot.ts';
import type { ByteStats, GcSnapshot, LatencySummary, NanosecondStats } from './stats.ts';
import type { TaskCounts } from './task-end.ts';
import type { HeldBytes, TierSnapshot } from './tier-snapshot.ts';

/** Tasks of one job, or of all: how many, and how long they waited and ran. */
interface TaskFigures extends TaskCounts {
  /** From `run()` to the worker, or to the end of a task that never got there. */
  readonly queueWait: NanosecondStats;
  readonly intervalQueueWait: NanosecondStats;
  /** From the worker to the result, by the main thread's clock. */
  readonly serviceTime: NanosecondStats;
  readonly intervalServiceTime: NanosecondStats;
}

/** Tasks of all jobs and of each, and what stands still. */
export interface TasksSnapshot extends TaskFigures {
  /** By name, every job of the runtime, in their order; together they are all tasks. */
  readonly byJob: Readonly<Record<string, TaskFigures>>;
  /** That the task which runs longest has run; 0 where none runs. */
  readonly oldestSeconds: number;
  /** Since a task began or ended, while others wait; 0 where none waits. */
  readonly standstillSeconds: number;
  /** That a thread has left what it was sent unread, at most. */
  readonly silentSeconds: number;
  /**
   * Threads that nothing can be done with: a task does not stop there, or native code keeps them; all, where
   * none can be started.
   */
  readonly lostThreads: number;
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
    readonly byTier: Readonly<Record<TierName, HeldBytes>>;
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
   * Values and weights that lay outside what a histogram of their kind holds, and were clamped to that:
   * latencies and pauses 1 ns to 60 s, lifetimes and recoveries 1 ns to a day, sizes 0 to 1 TiB.
   */
  readonly clipped: Readonly<Record<Family, number>>;
  readonly cpu: CpuSnapshot;
  readonly block: BlockSnapshot;
  readonly decisions: DecisionsSnapshot;
  /**
   * Leases by who acquired (row) and who released (column), in the order of `shards`; pairs that had none are
   * left out.
   */
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
  readonly tasks: TasksSnapshot;
  readonly queue: QueueSnapshot;
}
