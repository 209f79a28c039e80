/**
 * The tasks that wait: who may come in (`entrance`), whose turn it is (`queue`), and whether memory lets that
 * one start (`Admission`). Owned by `Tasks`; main thread only.
 * Invariant: memory is asked about the task whose turn it is and no other, and until it lets that one start,
 * nobody starts: so a task with a large need is not overtaken by small ones while it waits for memory.
 */
import type { Bytes } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { isMillpondError, type MillpondError } from '../errors.ts';
import type { TierPolicies } from '../pool/tiers.ts';
import { type Admission, needKib } from '../regulation/admission.ts';
import type { QueueSnapshot } from '../telemetry/queue-snapshot.ts';
import { Entrance } from './entrance.ts';
import type { Entry } from './entry.ts';
import { Queue, type QueueRules } from './queue.ts';
import type { RunOptions } from './runner.ts';
import { TenantCounts } from './tenant-counts.ts';
import type { WorkerPool } from './worker-pool.ts';

interface WaitingTasksParts {
  readonly rules: QueueRules;
  readonly threads: number;
  readonly workers: Pick<WorkerPool, 'able' | 'idle' | 'spare'>;
  readonly admission: Admission;
  readonly tiers: TierPolicies;
  readonly limitBytes: Bytes;
  readonly coordinator: Pick<Coordinator, 'makeRoom'>;
  /** Somebody begins to wait for room. */
  awaited(): void;
}

export class WaitingTasks {
  readonly queue: Queue<Entry>;
  readonly entrance: Entrance<Entry>;
  readonly counts: TenantCounts;
  readonly #admission: Admission;
  readonly #tiers: TierPolicies;
  readonly #limitBytes: Bytes;
  readonly #coordinator: Pick<Coordinator, 'makeRoom'>;

  constructor(parts: WaitingTasksParts) {
    const { rules, threads, workers, admission, coordinator, awaited } = parts;
    this.queue = new Queue(rules);
    this.counts = new TenantCounts(rules);
    this.entrance = new Entrance({
      queue: this.queue,
      threads,
      able: () => workers.able,
      free: (needKib) => (workers.idle() !== undefined || workers.spare) && admission.admits(needKib),
      refused: (tenant, why) => this.counts.refused(tenant, why),
      awaited,
    });
    this.#admission = admission;
    this.#coordinator = coordinator;
    this.#tiers = parts.tiers;
    this.#limitBytes = parts.limitBytes;
  }

  /** What a run declares, in KiB. @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_REQUEST_TOO_LARGE` */
  needKib({ needBytes, tenant = '' }: RunOptions, broughtBytes: Bytes): number {
    try {
      return needKib(needBytes, this.#tiers, this.#limitBytes, broughtBytes);
    } catch (error) {
      const never = isMillpondError(error) && error.code === 'ERR_REQUEST_TOO_LARGE';
      if (never) this.counts.refused(tenant, 'tooLarge');
      throw error;
    }
  }

  snapshot(): QueueSnapshot {
    return this.counts.snapshot(this.queue);
  }

  /**
   * Takes the task that is to start now out of the queue; null where none may. One that did not begin goes
   * back by `queue.restore`, one that is over is told to `queue.ended`.
   * @param refuse called with those that waited for memory in vain; they have left the queue
   */
  next(refuse: (entry: Entry, error: MillpondError) => void): Entry | null {
    const admission = this.#admission;
    const { nowMs } = admission;
    for (let entry = this.queue.first(nowMs); entry !== null; entry = this.queue.first(nowMs)) {
      const { needKib } = entry;
      if (admission.admits(needKib)) {
        this.queue.take(entry, nowMs);
        return entry;
      }
      if (admission.clearable(needKib)) this.#coordinator.makeRoom();
      const error = admission.refusal(entry.acceptedMs, needKib, entry.name);
      if (error === null) return null;
      this.queue.remove(entry);
      refuse(entry, error);
    }
    return null;
  }

  /** Takes the task whose turn comes after that, if it may share a message with it: it needs no memory. */
  nextIf(shares: (entry: Entry) => boolean): Entry | null {
    const { nowMs } = this.#admission;
    const entry = this.queue.first(nowMs);
    if (entry === null || !shares(entry)) return null;
    this.queue.take(entry, nowMs);
    return entry;
  }
}
