/**
 * How a request that found no idle buffer at once is served: one step after the other, cheapest first.
 * Owned by one shard's thread. Invariant: a request gets all its stores or none, and what a failed try
 * popped, reserved or allocated is back in place before the next step.
 */
import { type Bytes, formatBytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { DIRECT_ALLOCATION, FRESH, HIT, LARGER, MAILBOX, TRIMMED, WAITED } from './causes.ts';
import { GivingWay } from './giving-way.ts';
import type { IdleMemory } from './idle.ts';
import { Store } from './store.ts';
import type { Need, ShardCounts, Supply } from './supply.ts';
import { capacityFor, DIRECT, POOLED_TIERS, type TierPolicies, tierFor } from './tiers.ts';

/** What a request got: the stores in the order asked, each with the step that served it. */
export interface Served {
  readonly stores: Store[];
  readonly causes: number[];
}

export interface Request<T> {
  readonly lengths: readonly Bytes[];
  /** Buffers of the next tier up are left alone. */
  readonly exact: boolean;
  /** KiB of the budget that it leaves to running tasks. */
  readonly leaveKib: number;
  readonly timeoutMs: number;
  /** On the supply's clock: `timeoutMs` after the request was made, however long its first try takes. */
  readonly deadline: number;
  /** It waits without blocking its thread. */
  readonly sleeps: boolean;
  /** The thread has memory that may wait for this request. */
  holds(): boolean;
  /** Why the request is over; null while its caller waits. */
  over(): MillpondError | null;
  /** Makes leases of what was served; called once, at once. */
  deliver(served: Served): T;
}

interface Pause {
  readonly seen: number;
  readonly milliseconds: number;
}

/** A waiter wakes this often, to look at its mailbox and to raise its flag again if that got lost. */
const SLICE_MS = 25;

export class Ladder {
  readonly #idle: IdleMemory;
  readonly #supply: Supply;
  readonly #tiers: TierPolicies;
  readonly #counts: ShardCounts;

  constructor(idle: IdleMemory, supply: Supply, tiers: TierPolicies, counts: ShardCounts) {
    this.#idle = idle;
    this.#supply = supply;
    this.#tiers = tiers;
    this.#counts = counts;
  }

  /** Serves a request by what can be had at once; `null` where that is not enough. */
  attempt<T>(request: Request<T>): T | null {
    this.#checkLengths(request.lengths);
    const served = this.#attempt(request, false, this.#supply.critical, null);
    return served === null ? null : request.deliver(served);
  }

  /** Serves a request on this thread, blocking it where that is allowed. */
  climb<T>(request: Request<T>): T {
    const first = this.#first(request);
    if (first !== null) return request.deliver(first);
    if (!this.#supply.canBlock) throw this.#refusal(request, 0);
    const steps = this.#wait(request);
    for (;;) {
      const step = steps.next();
      if (step.done) return request.deliver(step.value);
      this.#supply.wait(step.value.seen, step.value.milliseconds);
    }
  }

  /** As `climb`, waiting without blocking. */
  async climbAsync<T>(request: Request<T>, signal: AbortSignal | undefined): Promise<T> {
    const first = this.#first(request);
    if (first !== null) return request.deliver(first);
    const steps = this.#wait(request);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const step = steps.next();
        // At once, not in a later turn: what was served is nowhere until it is delivered.
        if (step.done) return request.deliver(step.value);
        await this.#supply.waitAsync(step.value.seen, step.value.milliseconds, signal);
      }
    } finally {
      // Ends the wait also when the signal ended it from outside.
      steps.return(undefined as never);
    }
  }

  /** Puts back what a request was served with, once it is over. */
  putBack({ stores }: Served): void {
    for (const store of stores) this.#idle.put(store);
  }

  #first(request: Request<unknown>): Served | null {
    this.#check(request);
    return this.#attempt(request, false, this.#supply.critical, null);
  }

  /** KiB that a request leaves free for another one. `way` is its own, null before it waits. */
  #owedKib(request: Request<unknown>, way: GivingWay | null): number {
    // Few ever meet one that has waited for long.
    if (this.#supply.owedKib(way?.need ?? null) === 0) return 0;
    return (way ?? new GivingWay(this.#supply, request, null)).owedKib;
  }

  *#wait(request: Request<unknown>): Generator<Pause, Served, void> {
    const { lengths, leaveKib, timeoutMs, deadline, over } = request;
    const supply = this.#supply;
    // Others free for one that leaves a reserve, and send it nothing: that would be of the reserve, too.
    const tier = leaveKib > 0 ? DIRECT : tierFor(Math.max(...lengths), this.#tiers);
    const need: Need = { kib: this.#kib(lengths) + leaveKib, tier };
    const way = new GivingWay(supply, request, need);
    const { turnAt, halfAt } = way;
    const isDirect = lengths.some((length) => tierFor(length, this.#tiers) === DIRECT);
    try {
      for (;;) {
        const end = over();
        if (end !== null) throw end;
        const now = supply.now();
        // Half of its time for the pool to recover; then it may have what the budget holds.
        const holdsDirect = (timeoutMs === 0 || now < halfAt) && supply.critical;
        const due = now >= turnAt && timeoutMs > 0 && !(holdsDirect && isDirect);
        if (due) need.turn ??= supply.drawTurn();
        supply.starve(need);
        // Read before the try: whatever comes free after this line changes the word, so the wait ends at
        // once.
        const seen = supply.wakeWord();
        const served = this.#attempt(request, true, holdsDirect, way);
        if (served !== null) return served;
        const left = deadline - supply.now();
        if (!(left > 0)) throw this.#refusal(request, timeoutMs);
        const next = now < turnAt ? Math.min(left, turnAt - now) : left;
        yield { seen, milliseconds: Math.min(next / 1e6, SLICE_MS) };
      }
    } finally {
      supply.fed(need);
    }
  }

  /**
   * One try of every step that needs no other thread; `null` when the budget refuses, direct allocations are
   * to wait, or it gives way. A hit gives way to nobody.
   */
  #attempt(
    request: Request<unknown>,
    waited: boolean,
    holdsDirect: boolean,
    way: GivingWay | null,
  ): Served | null {
    const { lengths, exact } = request;
    const supply = this.#supply;
    const before = this.#idle.lists.map((list) => list.length);
    supply.safepoint();

    const found: (Store | undefined)[] = [];
    const causes: number[] = [];
    let missingKib = 0;
    let held = false;
    for (const length of lengths) {
      const tier = tierFor(length, this.#tiers);
      let store: Store | undefined;
      let cause = tier === DIRECT ? DIRECT_ALLOCATION : FRESH;
      if (tier !== DIRECT) {
        store = this.#idle.take(tier);
        if (store !== undefined) cause = before[tier]-- > 0 ? HIT : MAILBOX;
        else if (!exact && tier + 1 < POOLED_TIERS) {
          store = this.#idle.take(tier + 1);
          if (store !== undefined) cause = LARGER;
        }
      }
      if (store === undefined) missingKib += capacityFor(length, this.#tiers) / KiB;
      if (tier === DIRECT && holdsDirect) held = true;
      found.push(store);
      causes.push(waited ? WAITED : cause);
    }
    // What is idle in a worker may be of the reserve; on the main thread it never is.
    const ofReserve = request.leaveKib > 0 && supply.canBlock;
    if (missingKib === 0 && !ofReserve) return { stores: found as Store[], causes };
    let leaveKib = Math.max(request.leaveKib, missingKib > 0 ? this.#owedKib(request, way) : 0);

    let trimmed = false;
    // While memory is critical the largest wait: what comes free is for requests that the pool can serve
    // again.
    if (held || !supply.reserve(missingKib, leaveKib)) {
      if (ofReserve && !held) {
        this.#idle.putAll(found.filter((store) => store !== undefined));
        found.fill(undefined);
        causes.fill(waited ? WAITED : FRESH);
        missingKib = this.#kib(lengths);
        leaveKib = Math.max(request.leaveKib, this.#owedKib(request, way));
      }
      trimmed = !held && this.#idle.trim(missingKib) > 0 && supply.reserve(missingKib, leaveKib);
      if (!trimmed) {
        this.#idle.putAll(found.filter((store) => store !== undefined));
        return null;
      }
    }
    return { stores: this.#allocate(lengths, found, missingKib), causes: causes.map(asTrimmed) };

    function asTrimmed(cause: number): number {
      return trimmed && cause === FRESH ? TRIMMED : cause;
    }
  }

  #allocate(lengths: readonly Bytes[], found: readonly (Store | undefined)[], reservedKib: number): Store[] {
    const fresh: Store[] = [];
    try {
      const stores = lengths.map((length, at) => {
        const idle = found[at];
        if (idle !== undefined) return idle;
        const buffer = this.#supply.allocate(capacityFor(length, this.#tiers));
        const store = new Store(buffer, tierFor(length, this.#tiers));
        fresh.push(store);
        return store;
      });
      for (const { tier, capacity } of fresh) this.#counts.allocated(tier, capacity / KiB);
      return stores;
    } catch (cause) {
      for (const store of fresh) store.free();
      this.#supply.uncharge(reservedKib);
      this.#idle.putAll(found.filter((store) => store !== undefined));
      throw new MillpondError(
        'ERR_ALLOCATION_FAILED',
        `The system must have the memory that the budget allows; it refused ${formatBytes(reservedKib * KiB)} of ${formatBytes(this.#supply.limitBytes)}. Lower the budget, or free memory on this machine.`,
        { cause },
      );
    }
  }

  #kib(lengths: readonly Bytes[]): number {
    let kib = 0;
    for (const length of lengths) kib += capacityFor(length, this.#tiers) / KiB;
    return kib;
  }

  #checkLengths(lengths: readonly Bytes[]): void {
    for (const length of lengths) {
      if (!(Number.isSafeInteger(length) && length >= 0)) {
        throw new MillpondError(
          'ERR_INVALID_ARGUMENT',
          `A lease has a whole number of bytes, 0 or more; ${typeof length === 'string' ? `'${length}'` : String(length)} was asked. Round the length up before acquiring.`,
        );
      }
    }
  }

  #check({ lengths, leaveKib }: Request<unknown>): void {
    this.#checkLengths(lengths);
    const bytes = this.#kib(lengths) * KiB;
    const { limitBytes } = this.#supply;
    if (bytes > limitBytes - leaveKib * KiB) {
      const left = leaveKib > 0 ? `, without the ${formatBytes(leaveKib * KiB)} for running tasks` : '';
      throw new MillpondError(
        'ERR_REQUEST_TOO_LARGE',
        `A request fits the budget as a whole; ${formatBytes(bytes)} were asked of ${formatBytes(limitBytes)}${left}. Raise budgetBytes, or work in smaller blocks.`,
      );
    }
  }

  #refusal(request: Request<unknown>, timeoutMs: number): MillpondError {
    const { lengths, leaveKib } = request;
    const asked = formatBytes(this.#kib(lengths) * KiB);
    const { limitBytes, canBlock } = this.#supply;
    const critical =
      this.#supply.critical && lengths.some((length) => tierFor(length, this.#tiers) === DIRECT)
        ? ' Memory is critical, and requests over the largest tier wait until it is not.'
        : '';
    const left =
      leaveKib > 0 ? ` ${formatBytes(leaveKib * KiB)} of the budget are left to running tasks.` : '';
    const owedKib = this.#owedKib(request, null);
    const owed =
      owedKib > 0 ? ` ${formatBytes(owedKib * KiB)} are kept for a request that has waited for longer.` : '';
    const here = canBlock ? '' : ' acquire never waits on the main thread: use acquireAsync there.';
    return new MillpondError(
      'ERR_BUDGET_EXHAUSTED',
      `All live memory stays within the budget; ${asked} were asked while ${formatBytes(this.#supply.usedBytes())} of ${formatBytes(limitBytes)} were in use, and none came free in ${Math.round(timeoutMs)} ms. Release leases sooner, run fewer threads, or raise budgetBytes.${left}${owed}${critical}${here}`,
    );
  }
}
