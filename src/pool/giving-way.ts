/**
 * How a request gives way to one that has waited for longer: what it leaves free for that, and for how long.
 * Owned by one shard's thread, one for each request.
 * Invariant: it ends at half of the request's own time, whatever others do; and a worker that has memory does
 * not give way at all, so that what is held comes free as it would by itself.
 */
import type { Need, Supply } from './supply.ts';

/** A request draws a turn when it has waited for so long, or for half of its time. */
const TURN_MS = 100;
/** A main thread with leases gives way for so long after what is in use has last fallen. */
const QUIET_MS = 100;

interface Asking {
  readonly timeoutMs: number;
  readonly deadline: number;
  /** It waits without blocking its thread. */
  readonly sleeps: boolean;
  /** The thread has memory that may wait for this request. */
  holds(): boolean;
}

type GivingSupply = Pick<Supply, 'canBlock' | 'owedKib' | 'usedBytes' | 'now'>;

export class GivingWay {
  /** What the request lacks, null before it waits. */
  readonly need: Need | null;
  readonly #supply: GivingSupply;
  readonly #asking: Asking;
  #leastBytes = Number.POSITIVE_INFINITY;
  #quietAt = 0;

  constructor(supply: GivingSupply, asking: Asking, need: Need | null) {
    this.#supply = supply;
    this.#asking = asking;
    this.need = need;
  }

  /** Half of its time is over then, on the supply's clock. */
  get halfAt(): number {
    const { deadline, timeoutMs } = this.#asking;
    return deadline - timeoutMs * 5e5;
  }

  /** Then others give way to it. */
  get turnAt(): number {
    const { deadline, timeoutMs } = this.#asking;
    return Math.min(this.halfAt, deadline - (timeoutMs - TURN_MS) * 1e6);
  }

  /** KiB that it leaves free now, 0 where it does not give way. */
  get owedKib(): number {
    const kib = this.#supply.owedKib(this.need);
    if (kib === 0) return 0;
    if (this.#asking.timeoutMs > 0 && this.#supply.now() >= this.halfAt) return 0;
    if (!this.#asking.holds()) return kib;
    return this.#asking.sleeps && !this.#supply.canBlock && this.#helps() ? kib : 0;
  }

  /**
   * Whose the leases of the main thread are nobody knows: they may wait for this request, or come free soon.
   * So it gives way for as long as memory does come free.
   */
  #helps(): boolean {
    const now = this.#supply.now();
    const bytes = this.#supply.usedBytes();
    if (bytes < this.#leastBytes) {
      this.#leastBytes = bytes;
      this.#quietAt = now + QUIET_MS * 1e6;
    }
    return now < this.#quietAt;
  }
}
