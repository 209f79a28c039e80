/**
 * The batches that a host works for: those that the broker names and that want its engine. Owns them; main
 * thread of the host. What the broker has lost of a batch that is not over is put there again.
 */
import type { Announcement, Broker } from './broker.ts';
import type { HostClock, HostEvent } from './host-events.ts';
import { enqueueMissing } from './missing.ts';
import { repeat } from './repeat.ts';
import type { BatchRecord, Store } from './store.ts';

export interface KnownBatch {
  readonly announced: Announcement;
  readonly store: Store;
  readonly record: BatchRecord;
  /** Aborts when it is cancelled. */
  readonly cancel: AbortController;
  repairedMs: number;
  /** Since when none waits and some are held; null while that is not so. */
  emptyMs: number | null;
}

interface BatchParts {
  readonly broker: Broker;
  readonly clock: HostClock;
  readonly engine: string;
  /** Of this host, and of no other ever. */
  readonly token: string;
  openStore(batch: Announcement): Store;
  say(event: HostEvent): void;
}

const ASKED_MS = 1000;
/** Between two looks whether the queue of a batch has lost pages. */
const REPAIR_MS = 3000;
const HELD_REPAIR_MS = 60_000;
/** Of the time for which one may look, how often that begins anew. */
const RENEWED = 3;

export class KnownBatches {
  readonly #parts: BatchParts;
  readonly #known = new Map<string, KnownBatch>();
  /** Of which was said, once, why they are not taken. */
  readonly #refused = new Set<string>();
  #askedMs = Number.NEGATIVE_INFINITY;
  repairs = 0;

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  get all(): readonly KnownBatch[] {
    return [...this.#known.values()];
  }

  get(id: string): KnownBatch | null {
    return this.#known.get(id) ?? null;
  }

  /** Asks the broker, unless it did so just now. */
  async look(): Promise<void> {
    const { broker, clock } = this.#parts;
    if (clock.nowMs() - this.#askedMs < ASKED_MS) return;
    const announced = await broker.batches();
    this.#askedMs = clock.nowMs();
    const ids = new Set(announced.map(({ id }) => id));
    for (const batch of this.all) if (!ids.has(batch.announced.id)) await this.#missed(batch);
    for (const batch of announced) if (this.#wants(batch)) await this.#learn(batch);
  }

  /** The next look asks. */
  doubt(): void {
    this.#askedMs = Number.NEGATIVE_INFINITY;
  }

  /** None waits: the batch is over, or the queue has lost pages. */
  async settle(batch: KnownBatch): Promise<void> {
    const { broker, clock } = this.#parts;
    const { announced } = batch;
    if (clock.nowMs() - batch.repairedMs < REPAIR_MS) return;
    const { waiting, held } = await broker.counts(announced.id);
    if (waiting > 0 || held === 0) batch.emptyMs = null;
    if (waiting > 0) return;
    // What is held is not put there again; but a broker that has lost some may call held what nobody has.
    if (held > 0) {
      batch.emptyMs ??= clock.nowMs();
      if (clock.nowMs() - batch.emptyMs < HELD_REPAIR_MS) return;
      batch.emptyMs = clock.nowMs();
    }
    batch.repairedMs = clock.nowMs();
    // One at a time, for all idle hosts come here at once; the others hear of it by the queue, or its end.
    const { token } = this.#parts;
    if (!(await broker.mayLook(announced.id, token))) return;
    using _renewals = repeat(clock, broker.lockMs / RENEWED, () => broker.mayLook(announced.id, token));
    await this.#lookThrough(batch, waiting + held);
  }

  /** @param queued pages that the broker had just now */
  async #lookThrough(batch: KnownBatch, queued: number): Promise<void> {
    const { broker, say } = this.#parts;
    const { store, announced } = batch;
    if ((await store.state()) !== 'open') {
      // Whoever ended it did not come to say so.
      await this.#over(batch);
      return;
    }
    const { missing, pages, isListed } = await enqueueMissing(store, broker, announced.id);
    if (!isListed) return;
    if (missing > 0 && queued > 0) return;
    if (missing > 0) {
      this.repairs++;
      say({ event: 'repaired', batch: announced.id, pages: missing });
      return;
    }
    await store.mark('done');
    await this.#over(batch);
    say({ event: 'done', batch: announced.id, pages });
  }

  async #over({ announced }: KnownBatch): Promise<void> {
    await this.#parts.broker.forget(announced.id);
    this.#known.delete(announced.id);
  }

  /** The broker has lost it, or it is over. */
  async #missed({ announced, store, cancel }: KnownBatch): Promise<void> {
    const state = await store.state().catch(() => 'open' as const);
    if (state === 'open') {
      await this.#parts.broker.announce(announced);
      return;
    }
    if (state === 'cancelled') cancel.abort(new Error('The batch was cancelled.'));
    this.#known.delete(announced.id);
  }

  #wants({ id, engine: wants }: Announcement): boolean {
    const { engine: has, say } = this.#parts;
    if (this.#known.has(id)) return false;
    if (wants === null || wants === has) return true;
    if (!this.#refused.has(id)) say({ event: 'refused', batch: id, wants, has });
    this.#refused.add(id);
    return false;
  }

  async #learn(announced: Announcement): Promise<void> {
    const { id, folder } = announced;
    const store = this.#parts.openStore(announced);
    let why = 'there is none';
    try {
      const record = await store.record();
      if (record !== null) {
        const cancel = new AbortController();
        this.#known.set(id, {
          announced,
          store,
          record,
          cancel,
          repairedMs: this.#parts.clock.nowMs() - REPAIR_MS,
          emptyMs: null,
        });
        this.#refused.delete(id);
        return;
      }
    } catch (error) {
      why = (error as Error).message;
    }
    if (!this.#refused.has(id)) this.#parts.say({ event: 'unknown', batch: id, folder, why });
    this.#refused.add(id);
  }
}
