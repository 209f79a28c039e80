/**
 * How a request that found no idle buffer at once is served: one step after the other, cheapest first.
 * Owned by one shard's thread. Invariant: a request gets all its stores or none, and what a failed try
 * popped, reserved or allocated is back in place before the next step.
 */
import { type Bytes, formatBytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { DIRECT_ALLOCATION, FRESH, HIT, LARGER, MAILBOX, TRIMMED, WAITED } from './causes.ts';
import type { IdleMemory } from './idle.ts';
import { Store } from './store.ts';
import type { Supply } from './supply.ts';
import { capacityFor, DIRECT, POOLED_TIERS, type TierPolicies, tierFor } from './tiers.ts';

/** What a request got: the stores in the order asked, each with the step that served it. */
export interface Served {
  readonly stores: Store[];
  readonly causes: number[];
}

interface Pause {
  readonly seen: number;
  readonly milliseconds: number;
}

/** A waiter looks up this often, to see its mailbox and to raise its flag again if that got lost. */
const SLICE_MS = 25;

export class Ladder {
  readonly #idle: IdleMemory;
  readonly #supply: Supply;
  readonly #tiers: TierPolicies;

  constructor(idle: IdleMemory, supply: Supply, tiers: TierPolicies) {
    this.#idle = idle;
    this.#supply = supply;
    this.#tiers = tiers;
  }

  /** Serves a request on this thread, blocking it where that is allowed. */
  climb(lengths: readonly Bytes[], timeoutMs: number): Served {
    const first = this.#first(lengths);
    if (first !== null) return first;
    if (!this.#supply.canBlock) throw this.#refusal(lengths, 0);
    const steps = this.#wait(lengths, timeoutMs);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      this.#supply.wait(step.value.seen, step.value.milliseconds);
    }
  }

  /** As `climb`, waiting without blocking. */
  async climbAsync(
    lengths: readonly Bytes[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Served> {
    const first = this.#first(lengths);
    if (first !== null) return first;
    const steps = this.#wait(lengths, timeoutMs);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const step = steps.next();
        if (step.done) return step.value;
        await this.#supply.waitAsync(step.value.seen, step.value.milliseconds, signal);
      }
    } finally {
      // Ends the wait also when the signal ended it from outside.
      steps.return(undefined as never);
    }
  }

  #first(lengths: readonly Bytes[]): Served | null {
    this.#check(lengths);
    return this.#attempt(lengths, false);
  }

  *#wait(lengths: readonly Bytes[], timeoutMs: number): Generator<Pause, Served, void> {
    const supply = this.#supply;
    const deadline = supply.now() + timeoutMs * 1e6;
    const need = { kib: this.#kib(lengths), tier: tierFor(Math.max(...lengths), this.#tiers) };
    try {
      for (;;) {
        supply.starve(need);
        // Read before the try: whatever comes free after this line changes the word, so the wait ends at once.
        const seen = supply.wakeWord();
        const served = this.#attempt(lengths, true);
        if (served !== null) return served;
        if (supply.cancelled()) throw cancelledError(lengths);
        const left = deadline - supply.now();
        if (!(left > 0)) throw this.#refusal(lengths, timeoutMs);
        yield { seen, milliseconds: Math.min(left / 1e6, SLICE_MS) };
      }
    } finally {
      supply.fed(need);
    }
  }

  /** One try of every step that needs no other thread; `null` when the budget refuses. */
  #attempt(lengths: readonly Bytes[], waited: boolean): Served | null {
    const supply = this.#supply;
    const lists = this.#idle.lists;
    const before = lists.map((list) => list.length);
    supply.safepoint();

    const found: (Store | undefined)[] = [];
    const causes: number[] = [];
    let missingKib = 0;
    for (const length of lengths) {
      const tier = tierFor(length, this.#tiers);
      let store: Store | undefined;
      let cause = tier === DIRECT ? DIRECT_ALLOCATION : FRESH;
      if (tier !== DIRECT) {
        store = lists[tier].pop();
        if (store !== undefined) cause = before[tier]-- > 0 ? HIT : MAILBOX;
        else if (tier + 1 < POOLED_TIERS) {
          store = lists[tier + 1].pop();
          if (store !== undefined) cause = LARGER;
        }
      }
      if (store === undefined) missingKib += capacityFor(length, this.#tiers) / KiB;
      found.push(store);
      causes.push(waited ? WAITED : cause);
    }
    if (missingKib === 0) return { stores: found as Store[], causes };

    let trimmed = false;
    if (!supply.reserve(missingKib)) {
      trimmed = this.#idle.trim(missingKib) > 0 && supply.reserve(missingKib);
      if (!trimmed) {
        this.#idle.adopt(found.filter((store) => store !== undefined));
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
      return lengths.map((length, at) => {
        const idle = found[at];
        if (idle !== undefined) return idle;
        const buffer = this.#supply.allocate(capacityFor(length, this.#tiers));
        const store = new Store(buffer, tierFor(length, this.#tiers));
        fresh.push(store);
        return store;
      });
    } catch (cause) {
      for (const store of fresh) store.free();
      this.#supply.uncharge(reservedKib);
      this.#idle.adopt(found.filter((store) => store !== undefined));
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

  #check(lengths: readonly Bytes[]): void {
    for (const length of lengths) {
      if (!(Number.isSafeInteger(length) && length >= 0)) {
        throw new MillpondError(
          'ERR_INVALID_ARGUMENT',
          `A lease has a whole number of bytes, 0 or more; ${String(length)} was asked. Round the length up before acquiring.`,
        );
      }
    }
    const bytes = this.#kib(lengths) * KiB;
    if (bytes > this.#supply.limitBytes) {
      throw new MillpondError(
        'ERR_REQUEST_TOO_LARGE',
        `A request fits the budget as a whole; ${formatBytes(bytes)} were asked of ${formatBytes(this.#supply.limitBytes)}. Raise budgetBytes, or work in smaller blocks.`,
      );
    }
  }

  #refusal(lengths: readonly Bytes[], timeoutMs: number): MillpondError {
    const asked = formatBytes(this.#kib(lengths) * KiB);
    const { limitBytes } = this.#supply;
    return new MillpondError(
      'ERR_BUDGET_EXHAUSTED',
      `All live memory stays within the budget; ${asked} were asked while ${formatBytes(this.#supply.usedBytes())} of ${formatBytes(limitBytes)} were in use, and none came free in ${Math.round(timeoutMs)} ms. Release leases sooner, run fewer threads, or raise budgetBytes.`,
    );
  }
}

function cancelledError(lengths: readonly Bytes[]): MillpondError {
  return new MillpondError(
    'ERR_TASK_WAITING',
    `A cancelled task gets no more memory; it was waiting for ${lengths.length} lease(s). Nothing needs to be done.`,
  );
}
