/**
 * The parts of the main thread, wired together once: its shard, the coordinator, admission, the tasks, and
 * the heartbeat that drives them. Ports, clock, timers and recorder come from outside, so that a runtime and
 * a simulated one are the same.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import { Coordinator, type CoordinatorEvents } from '../coordinator/coordinator.ts';
import { Quotas } from '../coordinator/quotas.ts';
import type { RebalancePolicy } from '../coordinator/rebalance.ts';
import type { PoolOptions } from '../pool/options.ts';
import { Shard } from '../pool/shard.ts';
import type { LeaseRecorder, Supply } from '../pool/supply.ts';
import { Admission } from '../regulation/admission.ts';
import type { Log } from '../telemetry/log.ts';
import type { TaskObserver } from '../telemetry/task-end.ts';
import { RowCounts, type Surroundings } from '../thread/supply.ts';
import { Heartbeat, type HeartbeatPorts } from './heartbeat.ts';
import type { NamedJob } from './jobs.ts';
import type { QueueRules } from './queue.ts';
import { TaskMemory } from './task-memory.ts';
import { Tasks, type TaskWorkers } from './tasks.ts';
import { WaitingTasks } from './waiting-tasks.ts';

interface MainPorts extends HeartbeatPorts {
  readonly ledger: Ledger;
  readonly options: PoolOptions;
  /** Worker threads. */
  readonly threads: number;
  /** Milliseconds that a job has to stop in, once its time is over. */
  readonly stopMs: number;
  readonly jobs: readonly NamedJob[];
  readonly queue: QueueRules;
  readonly recorder: LeaseRecorder;
  readonly workers: TaskWorkers;
  readonly events: CoordinatorEvents;
  /** What differs from the default. */
  readonly rebalance?: Partial<RebalancePolicy>;
  readonly log: Log;
  /** Told of each task's end. */
  readonly observers: readonly TaskObserver[];
  /** Makes the thread's supply. */
  supply(around: Surroundings): Supply;
  /** What is looked at in each round, once the parts have made theirs. */
  look(): void;
  /** A look still finds something to do, as time passes, though nothing happens. */
  unsettled(): boolean;
  /** Somebody wants rounds at all times. */
  watched(): boolean;
  /** A rest is over. */
  woken(): void;
}

export interface MainParts {
  readonly shard: Shard;
  readonly coordinator: Coordinator;
  readonly admission: Admission;
  readonly waiting: WaitingTasks;
  readonly tasks: Tasks;
  readonly memory: TaskMemory;
  readonly heartbeat: Heartbeat;
  /** Helps the shards that starve. To be called whenever the word that tells of them changes. */
  serveStarving(): void;
}

export function wireMainThread(ports: MainPorts): MainParts {
  const { ledger, options, recorder, workers, log, observers } = ports;
  const supply = ports.supply({
    canBlock: false,
    // Of requests that idle memory here did not serve: a hit is too quick to tell of, and changes nothing
    // that others wait for.
    safepoint: () => heartbeat.wake(),
    returnLoan: () => {},
    goesBack: (store) => coordinator.transfers.goesBack(store),
    currentTask: () => 0,
    currentCancelled: () => false,
    othersHold: () => false,
  });
  const quotas = new Quotas(options.tiers, ports.threads + 1);
  const shard = new Shard({
    options,
    quotas: quotas.open(MAIN_ROW),
    words: ledger.row(MAIN_ROW).shardWords(),
    supply,
    counts: new RowCounts(ledger, MAIN_ROW),
    recorder,
  });
  const { now, events, rebalance: policy } = ports;
  const coordinator = new Coordinator({ ledger, shard, options, quotas, events, policy, now });
  const admission = new Admission(ledger, coordinator.rows, options.acquireTimeoutMs, () => ports.now());
  const memory = new TaskMemory(shard, coordinator);
  const { tiers } = options;
  const { threads, queue: rules } = ports;
  const accepted = (): void => heartbeat.wake();
  // Its rounds let others go on where those that were let go on do nothing.
  const awaited = (): void => heartbeat.wake();
  const limitBytes = ledger.limitKib * KiB;
  const waiting = new WaitingTasks({
    rules,
    threads,
    workers,
    admission,
    tiers,
    limitBytes,
    coordinator,
    awaited,
  });
  const tasks = new Tasks({
    ledger,
    coordinator,
    memory,
    workers,
    admission,
    waiting,
    threads: ports.threads,
    stopMs: ports.stopMs,
    jobs: ports.jobs,
    log,
    observers,
    accepted,
  });
  const heartbeat = new Heartbeat(ports, {
    round: () => {
      coordinator.tick();
      tasks.reportProgress();
      tasks.limit();
      // Memory may have come free for a task that waits for it.
      tasks.pump();
      ports.look();
    },
    occupied: () =>
      !tasks.quiet ||
      waiting.entrance.awaited ||
      shard.leases.lent ||
      ledger.header.hungerKib > 0 ||
      ports.watched(),
    unsettled: () => ports.unsettled(),
    woken: () => ports.woken(),
  });
  const serveStarving = (): void => {
    coordinator.serve();
    heartbeat.wake();
  };
  return { shard, coordinator, admission, waiting, tasks, memory, heartbeat, serveStarving };
}
