/**
 * What workers were asked to give and have not answered yet. Owned by the coordinator, on the main thread.
 * Invariant: a ticket is answered or buried once; a donor has at most one open ask of a kind and tier.
 */

export interface Ask {
  readonly donor: number;
  /** Who gets what the donor gives. */
  readonly to: number;
  readonly kind: 'want' | 'trim' | 'quota';
  readonly tier: number;
  readonly count: number;
}

export class Asks {
  readonly #open = new Map<number, Ask>();
  #last = 0;

  /** Opens an ask and returns its ticket, 1 or more; 0 when the donor has one of the kind and tier already. */
  open(ask: Ask): number {
    if (this.pending(ask.donor, ask.kind, ask.tier)) return 0;
    const ticket = ++this.#last;
    this.#open.set(ticket, ask);
    return ticket;
  }

  /** Without a tier: of any. */
  pending(donor: number, kind: Ask['kind'], tier?: number): boolean {
    for (const ask of this.#open.values()) {
      if (ask.donor === donor && ask.kind === kind && ask.tier === (tier ?? ask.tier)) return true;
    }
    return false;
  }

  /** Ends an ask; undefined when it had ended before. */
  take(ticket: number): Ask | undefined {
    const ask = this.#open.get(ticket);
    this.#open.delete(ticket);
    return ask;
  }

  /** Ends and returns every ask of a donor that will not answer any more. */
  bury(donor: number): Ask[] {
    const asks = [];
    for (const [ticket, ask] of this.#open) {
      if (ask.donor !== donor) continue;
      this.#open.delete(ticket);
      asks.push(ask);
    }
    return asks;
  }
}
