/**
 * The parts of the main thread, wired together once: its shard, the coordinator, admission and the tasks.
 * Ports, clock and recorder come from outside, so that a runtime and a simulated one are the same.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { Coordinator, type CoordinatorEvents } from '../coordinator/coordinator.ts';
import { Quotas } from '../coordinator/quotas.ts';
import type { PoolOptions } from '../pool/options.ts';
import { Shard } from '../pool/shard.ts';
import type { LeaseRecorder, Supply } from '../pool/supply.ts';
import { Admission } from '../regulation/admission.ts';
import type { Log } from '../telemetry/log.ts';
import type { TaskObserver } from '../telemetry/task-end.ts';
import { RowCounts, type Surroundings } from '../thread/supply.ts';
import { TaskMemory } from './task-memory.ts';
import { Tasks, type TaskWorkers } from './tasks.ts';

interface MainPorts {
  readonly ledger: Ledger;
  readonly options: PoolOptions;
  /** Worker threads. */
  readonly threads: number;
  readonly recorder: LeaseRecorder;
  readonly workers: TaskWorkers;
  readonly events: CoordinatorEvents;
  readonly log: Log;
  /** Told of each task's end. */
  readonly observers: readonly TaskObserver[];
  /** Makes the thread's supply. */
  supply(around: Surroundings): Supply;
  /** Milliseconds. */
  now(): number;
}

export interface MainParts {
  readonly shard: Shard;
  readonly coordinator: Coordinator;
  readonly admission: Admission;
  readonly tasks: Tasks;
}

export function wireMainThread(ports: MainPorts): MainParts {
  const { ledger, options, recorder, workers, log, observers } = ports;
  const supply = ports.supply({
    canBlock: false,
    safepoint: () => {},
    returnLoan: () => {},
    sendBack: (store) => coordinator.transfers.sendBack(store),
    currentTask: () => 0,
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
  const { now, events } = ports;
  const coordinator = new Coordinator({ ledger, shard, options, quotas, events, now });
  const admission = new Admission(ledger, coordinator.rows, options.acquireTimeoutMs, () => ports.now());
  const memory = new TaskMemory(shard, coordinator);
  const { tiers } = options;
  const tasks = new Tasks({ ledger, coordinator, memory, workers, admission, tiers, log, observers });
  return { shard, coordinator, admission, tasks };
}
