/**
 * Whether a task may start now: by the peak of memory that it declared, and by the state of the whole
 * runtime.
 *
 * Owned by the main thread, asked by `Tasks` before each start, always about the task that has waited
 * longest: so small tasks cannot overtake a large one for ever.
 * Invariant: what the running tasks declared, what everything else really holds, what the request waits for
 * whose turn it is, and the need of the task that is admitted, fit the budget together. A task that declared
 * nothing counts with what it holds now, and may grow.
 */
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, formatBytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { capacityFor, type TierPolicies } from '../pool/tiers.ts';
import { escaped } from '../text/escaping.ts';

/** What admission looks at. */
interface Holdings {
  /** Rows that a thread has. */
  taken(row: number): boolean;
  /** KiB that a row keeps for later and would free. */
  idleKib(row: number): number;
}

/** A task that has not started has none. */
const NO_ROW = -1;

export class Admission {
  readonly #ledger: Ledger;
  readonly #holdings: Holdings;
  readonly #patienceMs: number;
  readonly #now: () => number;
  /** KiB that the running tasks declared, by row. */
  readonly #needs = new Map<number, number>();
  #held = false;
  /** Since when no task has run that could release memory. */
  #quietSinceMs: number;

  /** `patienceMs`: how long a task waits for memory that no task will release. `now` is in milliseconds. */
  constructor(ledger: Ledger, holdings: Holdings, patienceMs: number, now: () => number) {
    this.#ledger = ledger;
    this.#holdings = holdings;
    this.#patienceMs = patienceMs;
    this.#now = now;
    this.#quietSinceMs = now();
  }

  get nowMs(): number {
    return this.#now();
  }

  get held(): boolean {
    return this.#held;
  }

  /** Holds new tasks back, except one at a time, which may be the one that releases memory. */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** A task with this need starts on a row. */
  enter(row: number, needKib: number): void {
    this.#needs.set(row, needKib);
  }

  leave(row: number): void {
    this.#needs.delete(row);
    if (this.#needs.size === 0) this.#quietSinceMs = this.#now();
  }

  /** What all running tasks declared. */
  get declaredKib(): number {
    let kib = 0;
    for (const need of this.#needs.values()) kib += need;
    return kib;
  }

  /** May the task that has waited longest start now? */
  admits(needKib: number): boolean {
    if (this.#held && this.#needs.size > 0) return false;
    return needKib === 0 || this.#committedKib() + needKib <= this.#ledger.limitKib;
  }

  /** True when the task waits only for idle memory of busy shards: they free it when they are asked. */
  clearable(needKib: number): boolean {
    return !this.#held && this.#committedKib(true) + needKib <= this.#ledger.limitKib;
  }

  /**
   * The error for a task that waits, since `acceptedMs` or since no task runs any more, for memory that
   * nothing will release; null while it may still come.
   */
  refusal(acceptedMs: number, needKib: number, name: string): MillpondError | null {
    const sinceMs = Math.max(acceptedMs, this.#quietSinceMs);
    if (this.#needs.size > 0 || this.#now() - sinceMs < this.#patienceMs) return null;
    return new MillpondError(
      'ERR_BUDGET_EXHAUSTED',
      `A task starts when the budget holds what it needs; '${escaped(name)}' needs ${formatBytes(needKib * KiB)} while ${formatBytes(this.#committedKib() * KiB)} of ${formatBytes(this.#ledger.limitKib * KiB)} are held outside of running tasks, by inputs of waiting ones too, and no task runs that could give some back. Release leases on the main thread, or raise budgetBytes.`,
    );
  }

  /**
   * What is not available. Idle memory of a shard without a task is; a busy one may be inside a long call, so
   * its idle memory is not, but for `cleared`.
   */
  #committedKib(cleared = false): number {
    let kib = 0;
    const first = this.#ledger.firstTurn(NO_ROW);
    for (let row = 0; row < this.#ledger.rows; row++) {
      if (!this.#holdings.taken(row)) continue;
      const need = this.#needs.get(row);
      const free = need === undefined || cleared ? this.#holdings.idleKib(row) : 0;
      const awaited = first?.row === row ? first.kib : 0;
      kib += Math.max(0, this.#ledger.chargedKib(row) - free + awaited, need ?? 0);
    }
    return kib;
  }
}

/**
 * KiB of a declared need: a number of bytes, or the lengths of all leases that the job holds at once.
 * `broughtBytes` are those of the leases in its input, which stay charged beside it.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_REQUEST_TOO_LARGE`
 */
export function needKib(
  needBytes: Bytes | readonly Bytes[] | undefined,
  tiers: TierPolicies,
  limitBytes: Bytes,
  broughtBytes: Bytes = 0,
): number {
  if (needBytes === undefined) return 0;
  const lengths: readonly unknown[] = Array.isArray(needBytes) ? needBytes : [needBytes];
  for (const length of lengths) {
    if (Number.isSafeInteger(length) && (length as number) >= 0) continue;
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `needBytes is a whole number of bytes, 0 or more, or a list of such numbers; got ${String(length)}. Give the lengths of the leases that the job holds at once.`,
    );
  }
  const bytes =
    typeof needBytes === 'number'
      ? Math.ceil(needBytes / KiB) * KiB
      : needBytes.reduce((sum, length) => sum + capacityFor(length, tiers), 0);
  if (bytes + broughtBytes > limitBytes) {
    const brought = broughtBytes > 0 ? ` beside the ${formatBytes(broughtBytes)} of its input` : '';
    throw new MillpondError(
      'ERR_REQUEST_TOO_LARGE',
      `A task's need fits the budget as a whole; ${formatBytes(bytes)} were declared${brought} of ${formatBytes(limitBytes)}. Raise budgetBytes, or work in smaller blocks.`,
    );
  }
  return bytes / KiB;
}
