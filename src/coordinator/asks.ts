/**
 * What workers were asked for and have not answered yet. Owned by the coordinator, on the main thread.
 * Invariant: a ticket is answered or buried once; a donor has at most one open ask of a kind and tier.
 */
import { TIER_NAMES } from '../pool/tiers.ts';

/** A request over the largest tier asks for memory of any. */
const TIERS = TIER_NAMES.length;

export interface Ask {
  readonly donor: number;
  /** The row that what the donor detaches goes to. */
  readonly to: number;
  readonly kind: 'want' | 'trim' | 'clear' | 'quota';
  readonly tier: number;
  /** Buffers or quota; KiB for `trim` and `clear`. */
  readonly count: number;
}

const KINDS = ['want', 'trim', 'clear', 'quota'] as const;

export class Asks {
  readonly #open = new Map<number, Ask>();
  /**
   * Of each open ask, what there may be only one of: so that a round of many shards looks each up at once.
   */
  readonly #pending = new Set<number>();
  #last = 0;

  /**
   * Opens an ask and returns its ticket, 1 or more; 0 when the donor has one of the kind and tier already.
   */
  open(ask: Ask): number {
    const key = keyOf(ask.donor, ask.kind, ask.tier);
    if (this.#pending.has(key)) return 0;
    this.#pending.add(key);
    const ticket = ++this.#last;
    this.#open.set(ticket, ask);
    return ticket;
  }

  /** Without a tier: of any. */
  pending(donor: number, kind: Ask['kind'], tier?: number): boolean {
    if (tier !== undefined) return this.#pending.has(keyOf(donor, kind, tier));
    for (let any = 0; any < TIERS; any++) if (this.#pending.has(keyOf(donor, kind, any))) return true;
    return false;
  }

  /** Ends an ask; undefined when it had ended before. */
  take(ticket: number): Ask | undefined {
    const ask = this.#open.get(ticket);
    if (ask !== undefined) this.#close(ticket, ask);
    return ask;
  }

  /** Ends and returns every ask of a donor that will never answer. */
  bury(donor: number): Ask[] {
    const asks = [];
    for (const [ticket, ask] of this.#open) {
      if (ask.donor !== donor) continue;
      this.#close(ticket, ask);
      asks.push(ask);
    }
    return asks;
  }

  #close(ticket: number, ask: Ask): void {
    this.#open.delete(ticket);
    this.#pending.delete(keyOf(ask.donor, ask.kind, ask.tier));
  }
}

function keyOf(donor: number, kind: Ask['kind'], tier: number): number {
  return (donor * KINDS.length + KINDS.indexOf(kind)) * TIERS + tier;
}
