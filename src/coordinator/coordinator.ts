/**
 * The coordinator: moves quota, buffers and charges between shards, serves starving shards, buries dead
 * workers.
 *
 * Owns the links to the workers, the open asks and the loans; runs on the main thread only, between its
 * tasks, and never blocks. It is the only one that moves a charge from row to row.
 * Invariant: a buffer that passes through here is charged, at every moment, to exactly one row: to the
 * receiver's before it is posted, to this thread's once it has arrived. Leaves to others: when to run
 * (`tick`, `serve`) and which task runs where (the runtime).
 */

import { MAIN_ROW } from '../budget/layout.ts';
import { isBefore, type Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Answer } from '../messages/asks.ts';
import type { Leak } from '../pool/leases.ts';
import type { PoolOptions } from '../pool/options.ts';
import type { Shard } from '../pool/shard.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import { Asks } from './asks.ts';
import { Cleanup, EVERYTHING } from './cleanup.ts';
import { Flow } from './flow.ts';
import { chargeOf, type Link, Links } from './links.ts';
import { Loans } from './loans.ts';
import { QuotaMoves } from './quota-moves.ts';
import type { Quotas } from './quotas.ts';
import { DEFAULT_REBALANCE, type Move, type RebalancePolicy, rebalance } from './rebalance.ts';
import { RowReader } from './row-reader.ts';
import { Transfers } from './transfers.ts';

/** What the coordinator tells the runtime. */
export interface CoordinatorEvents {
  /** Requests of a row that ended without memory since the last round, and what was in use at the last. */
  refused(row: number, requests: number, usedBytes: Bytes): void;
  /** Quota or idle buffers move between shards for what the last round showed. */
  rebalanced(moves: readonly Move[]): void;
  /** The worker of a row has closed: its shard is empty. */
  closed(row: number, leaks: readonly Leak[]): void;
}

interface CoordinatorParts {
  readonly ledger: Ledger;
  /** The main thread's own. */
  readonly shard: Shard;
  readonly options: PoolOptions;
  readonly quotas: Quotas;
  readonly events: CoordinatorEvents;
  /** What differs from the default. */
  readonly policy?: Partial<RebalancePolicy>;
  /** Milliseconds. */
  now(): number;
}

export class Coordinator {
  readonly loans = new Loans();
  readonly flow = new Flow();
  readonly rows: RowReader;
  readonly cleanup: Cleanup;
  readonly transfers: Transfers;
  /** While memory is scarce no shard gets quota or buffers: what was cleared would grow back at once. */
  scarce = false;
  readonly #ledger: Ledger;
  readonly #shard: Shard;
  readonly #events: CoordinatorEvents;
  readonly #quotas: Quotas;
  readonly #links: Links;
  readonly #asks = new Asks();
  readonly #policy: RebalancePolicy;
  /** Rows that were asked to close and have not answered. */
  readonly #closing = new Map<number, PromiseWithResolvers<void>>();
  readonly #quotaMoves: QuotaMoves;

  constructor({ ledger, shard, options, quotas, events, policy, now }: CoordinatorParts) {
    this.#ledger = ledger;
    this.#shard = shard;
    this.#events = events;
    this.#quotas = quotas;
    this.#links = new Links(ledger, now);
    this.rows = new RowReader(ledger, options.tiers);
    const mostQuota = options.tiers.map(({ capacity }) => Math.floor(options.budgetBytes / capacity));
    this.#policy = { ...DEFAULT_REBALANCE, mostQuota, ...policy };
    const mostKib = ledger.limitKib - Math.ceil(options.reserveBytes / KiB);
    const reserved = (): boolean => (ledger.sumKib() ?? ledger.limitKib) > mostKib;
    this.#quotaMoves = new QuotaMoves(shard, this.#links, this.#asks, quotas, reserved);
    const { rows, loans, flow } = this;
    const quotaMoves = this.#quotaMoves;
    this.transfers = new Transfers({ ledger, shard, rows, links: this.#links, loans, flow, quotaMoves });
    this.cleanup = new Cleanup(shard, this.rows, this.#links, this.#asks, quotas, this.#quotaMoves);
  }

  /** Milliseconds that a worker has left what it was sent unread, at most. */
  silentMs(nowMs: number): number {
    return this.#links.silentMs(nowMs);
  }

  // Workers come and go.

  /** A worker claimed a row and said hello. */
  connect(row: number, link: Link): void {
    this.#links.add(row, link);
    this.#quotas.open(row).forEach((quota, tier) => {
      this.#links.post(row, { kind: 'quota', ticket: 0, tier, quota });
    });
  }

  /**
   * A worker's thread is gone, with all memory that was its own. The order matters: what it posted before it
   * died is still in its port, charged to its row; its loans are charged to this thread's row; only then is
   * the row clear.
   */
  bury(row: number): { chargedBytes: Bytes; loanBytes: Bytes } {
    const link = this.#links.remove(row);
    if (link !== undefined) {
      for (let message = link.receive(); message !== undefined; message = link.receive()) {
        this.handle(row, message);
      }
      link.close();
    }
    for (const ask of this.#asks.bury(row)) {
      // Quota asked of a dead worker is credited: no shard holds it any more.
      if (ask.kind === 'quota') this.#quotaMoves.credit(ask, 0);
      else if (ask.kind === 'want') this.#quotaMoves.surrendered(ask, []);
    }
    this.#quotaMoves.arrived(row);
    const loanBytes = this.loans.bury(row);
    if (loanBytes > 0) this.#ledger.uncharge(MAIN_ROW, loanBytes / KiB);
    const chargedBytes = this.#ledger.writeOff(row) * KiB;
    this.#quotas.close(row);
    this.flow.retire(row);
    this.cleanup.forget(row);
    this.#tellRefused(row);
    this.rows.retire(row);
    this.#ledger.release(row);
    this.#answerClose(row);
    return { chargedBytes, loanBytes };
  }

  /**
   * Asks a worker that runs no task to close its shard; resolves when it has, or is buried. At once for a row
   * without a worker.
   */
  close(row: number): Promise<void> {
    const before = this.#closing.get(row);
    if (before !== undefined) return before.promise;
    if (!this.#links.has(row)) return Promise.resolve();
    const closing = Promise.withResolvers<void>();
    this.#closing.set(row, closing);
    this.#links.post(row, { kind: 'close' });
    return closing.promise;
  }

  /** Tells a worker to stop its task. */
  cancel(row: number, task: number): void {
    this.#links.post(row, { kind: 'cancel', task });
    this.#ledger.row(row).countCancel();
  }

  handle(row: number, message: Answer): void {
    switch (message.kind) {
      case 'surrender': {
        const { tier, buffers } = message;
        const ask = this.#asks.take(message.ticket);
        this.#ledger.move(row, MAIN_ROW, chargeOf(buffers));
        if (ask === undefined) this.#quotaMoves.reattach(tier, buffers);
        else this.#quotaMoves.surrendered(ask, buffers);
        break;
      }
      case 'trimmed':
        this.cleanup.answered(this.#asks.take(message.ticket)?.count ?? 0, message.kib);
        break;
      case 'quota-set': {
        const ask = this.#asks.take(message.ticket);
        // Only now has the donor lowered its quota.
        if (ask !== undefined) this.#quotaMoves.credit(ask, message.kib);
        break;
      }
      case 'loan':
        this.transfers.attachLate(row, message.loan, message.buffer);
        break;
      case 'closed':
        this.#events.closed(row, message.leaks);
        this.#answerClose(row);
        break;
    }
  }

  // Starvation and balance.

  /** Makes idle memory move towards the shards that starve. Called when one says so, and at every tick. */
  serve(): void {
    const starving = [];
    for (let row = 0; row < this.#ledger.rows; row++) {
      const words = this.#ledger.row(row);
      const { turn, starvingKib: kib } = words;
      if (kib > 0) starving.push({ row, kib, tier: words.starvingTier, turn });
    }
    // What others have idle is for those first that have waited for long.
    starving.sort((one, other) =>
      one.turn === other.turn ? 0 : one.turn !== 0 && isBefore(one.turn, other.turn) ? -1 : 1,
    );
    // A shard that starts to starve between the scan and this store raises the flag again and wakes us.
    this.#ledger.header.hungerKib = Math.max(0, ...starving.map(({ kib }) => kib));
    if (starving.length === 0) return;
    const freeKib = this.#ledger.limitKib - (this.#ledger.sumKib() ?? this.#ledger.limitKib);
    const donors = this.rows.donors();
    // The first donor that was not asked yet: each is asked once, whoever starves, so that a round of many
    // stays short.
    let next = 0;
    for (const { row, kib, tier } of starving) {
      // What the budget has left needs no donor: the shard was refused by a race and tries again by itself.
      let lacking = kib - freeKib;
      if (lacking > 0 && row !== MAIN_ROW) lacking -= this.#shard.idle.trim(lacking);
      for (let at = next; lacking > 0 && at < donors.length; at++) {
        if (donors[at] === row) continue;
        lacking -= this.#askDonor(donors[at], row, tier, lacking);
        if (at === next) next++;
      }
    }
  }

  /** One round: serves who starves, and rebalances by what the rows showed since the last one. */
  tick(): void {
    this.serve();
    const rows = [MAIN_ROW, ...this.#links.rows];
    for (const row of rows) this.#tellRefused(row);
    const views = this.rows.views(rows, this.#quotas);
    this.cleanup.observe(views);
    this.rows.resetMarks(rows);
    if (this.scarce) return;
    this.#quotaMoves.spendSpare(views);
    const moves = rebalance(views, this.#policy);
    if (moves.length > 0) this.#events.rebalanced(moves);
    for (const move of moves) {
      if (move.kind === 'quota') this.#quotaMoves.move(move.from, move.to, move.tier, move.count);
      else this.#quotaMoves.moveBuffers(move.from, move.to, move.tier, move.count);
    }
  }

  /** While memory is critical, requests over the largest tier wait. */
  set critical(critical: boolean) {
    this.#ledger.header.critical = critical;
    // Requests that wait for its end sleep on the wake word.
    if (!critical) this.#ledger.wake();
  }

  /** Makes workers free what is idle. */
  makeRoom(): void {
    for (const row of this.#links.rows) this.cleanup.clear(row, EVERYTHING);
  }

  /** One round of an emergency. Returns the KiB that shards are asked to free. */
  drain(): number {
    return this.cleanup.drain(this.#ledger.limitKib);
  }

  #tellRefused(row: number): void {
    const refused = this.rows.newlyRefused(row);
    if (refused > 0) this.#events.refused(row, refused, this.rows.refusedAtBytes(row));
  }

  #answerClose(row: number): void {
    this.#closing.get(row)?.resolve();
    this.#closing.delete(row);
  }

  /** Returns the KiB that the donor will detach or free. */
  #askDonor(donor: number, to: number, tier: number, lackingKib: number): number {
    // One that has not answered yet may be busy for long; what it may still send must not keep others from
    // being asked.
    if (this.#asks.pending(donor, 'want') || this.#asks.pending(donor, 'trim')) return 0;
    const tierKib = this.rows.tierKib(tier);
    const idle = tier > 0 && tier < POOLED_TIERS ? this.rows.idle(donor, tier) : 0;
    const wanted = Math.min(idle, Math.ceil(lackingKib / tierKib));
    const count = wanted > 0 ? this.#quotaMoves.moveBuffers(donor, to, tier, wanted) : 0;
    if (count > 0) return count * tierKib;
    const kib = Math.min(lackingKib, this.rows.idleKib(donor));
    const ticket = this.#asks.open({ donor, to, kind: 'trim', tier, count: kib });
    if (ticket > 0) this.#links.post(donor, { kind: 'trim', ticket, kib });
    return kib;
  }
}
