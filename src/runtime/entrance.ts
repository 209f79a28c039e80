/**
 * Whether one more task may come in, and who waits until it may. Owned by `Tasks`; main thread only.
 * Invariant: while there is room and a thread, nobody waits here after `look`, which is called whenever
 * something has left the queue, a thread is free, and in every round. A refusal costs little: it looks at
 * counts alone, before anything looks at the input.
 */
import { MillpondError } from '../errors.ts';
import type { Refusal } from '../telemetry/queue-snapshot.ts';
import { escaped } from '../text/escaping.ts';
import type { Queue } from './queue.ts';
import type { Queued } from './tenant.ts';

interface EntranceParts<E extends Queued> {
  readonly queue: Queue<E>;
  readonly threads: number;
  /** There is a thread that takes tasks, now or later. */
  able(): boolean;
  /** A thread and memory are free for a task with this need. */
  free(needKib: number): boolean;
  /** A run of a tenant was refused. */
  refused(tenant: string, why: Refusal): void;
  /** Somebody begins to wait: from now on `look` is to be called again and again. */
  awaited(): void;
}

const LIMITS: Readonly<Record<Exclude<Refusal, 'tooLarge'>, string>> = {
  queueFull: 'maxQueue',
  tenantQueued: "the tenant's maxQueued",
  tenantBytes: "the tenant's maxBytes",
};

/** What is known of a task before it is accepted. */
type Sizes = Pick<Queued, 'tenant' | 'needKib' | 'broughtKib'>;

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/** A run that came when no more tasks might wait. Its input was not touched. */
export class QueueFullError extends MillpondError {
  /**
   * Milliseconds until those that wait now have started, by what tasks took so far: when to come back. 0
   * while no task has ended.
   */
  readonly predictedWaitMs: number;
  /** Whose tasks are too many; null where all together are. */
  readonly tenant: string | null;

  constructor(message: string, predictedWaitMs: number, tenant: string | null) {
    super('ERR_QUEUE_FULL', message);
    this.predictedWaitMs = predictedWaitMs;
    this.tenant = tenant;
  }
}

export class Entrance<E extends Queued> {
  readonly #parts: EntranceParts<E>;
  /** By tenant, in the order in which they came. */
  readonly #waiters = new Map<string, Set<Waiter>>();
  #ended: MillpondError | null = null;

  constructor(parts: EntranceParts<E>) {
    this.#parts = parts;
  }

  /**
   * To be asked again when the sizes of a task are known; before, they are 0.
   * @throws MillpondError `ERR_QUEUE_FULL`, `ERR_REQUEST_TOO_LARGE`
   */
  check(task: Sizes): void {
    const { queue, threads } = this.#parts;
    if (!queue.canEverStart(task)) {
      this.#parts.refused(task.tenant, 'tooLarge');
      throw tooLarge(task.tenant);
    }
    const room = queue.room(task.tenant, task.broughtKib);
    if (room === 'free' || this.#startsAtOnce(task)) return;
    this.#parts.refused(task.tenant, room);
    const tenant = room === 'queueFull' ? null : task.tenant;
    const waitMs = queue.predictedWaitMs(threads, tenant);
    const whose = tenant === null ? 'this runtime' : `'${escaped(tenant)}'`;
    throw new QueueFullError(
      `Tasks wait up to a limit; those of ${whose} have reached it, and would have started in ${waitMs} ms. Await ready(), come back then, or raise ${LIMITS[room]}.`,
      waitMs,
      tenant,
    );
  }

  /** Somebody waits. */
  get awaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** Resolves when a task of the tenant would be accepted. */
  async ready(tenant: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#ended !== null) throw this.#ended;
    if (this.#waiters.size === 0 && this.#places(tenant) > 0) return;
    const entered = Promise.withResolvers<void>();
    const waiter: Waiter = { enter: entered.resolve, refuse: entered.reject };
    const waiters = this.#waiters.get(tenant) ?? new Set();
    this.#waiters.set(tenant, waiters.add(waiter));
    const aborted = (): void => entered.reject(signal?.reason);
    signal?.addEventListener('abort', aborted, { once: true });
    this.#parts.awaited();
    this.look();
    try {
      await entered.promise;
    } finally {
      signal?.removeEventListener('abort', aborted);
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(tenant) === waiters) this.#waiters.delete(tenant);
    }
  }

  /** Lets as many go on as there is room for. */
  look(): void {
    if (this.#waiters.size === 0) return;
    let left = Math.max(1, this.#parts.queue.places());
    for (const [tenant, waiters] of this.#waiters) {
      if (left === 0) return;
      const places = Math.min(left, this.#places(tenant));
      for (const waiter of [...waiters].slice(0, places)) {
        left--;
        waiters.delete(waiter);
        waiter.enter();
      }
      if (waiters.size === 0) this.#waiters.delete(tenant);
    }
  }

  /** Nothing will be accepted any more. */
  end(error: MillpondError): void {
    this.#ended ??= error;
    for (const waiters of this.#waiters.values()) for (const { refuse } of waiters) refuse(error);
    this.#waiters.clear();
  }

  /** What ended it by this error is over: something may be accepted again. */
  mend(error: MillpondError): void {
    if (this.#ended === error) this.#ended = null;
  }

  /** How many tasks of a tenant would be accepted; one that would start at once counts. */
  #places(tenant: string): number {
    if (!this.#parts.able()) return 0;
    const atOnce = this.#startsAtOnce({ tenant, needKib: 0, broughtKib: 0 });
    return Math.max(this.#parts.queue.places(tenant), atOnce ? 1 : 0);
  }

  #startsAtOnce(task: Sizes): boolean {
    return this.#parts.queue.wouldBeNext(task) && this.#parts.free(task.needKib);
  }
}

function tooLarge(tenant: string): MillpondError {
  return new MillpondError(
    'ERR_REQUEST_TOO_LARGE',
    `What a task brings and declares fits its tenant's maxBytes; that of a task of '${escaped(tenant)}' does not. Raise maxBytes, or work in smaller pieces.`,
  );
}
