/**
 * A host: takes pages while its own runner can start on them, makes their files, and gives back what it
 * cannot do. Owns the pages that it holds; main thread. All it knows of time is the clock it is given, and of
 * the work the one who makes files: a simulation runs this very code.
 * Invariants: no file of a page begins once the page's lock was not renewed for 0.8 of its time; a page is
 * done in the queue when its results are in the store, never before.
 */
import type { Announcement, Broker, Delivery } from './broker.ts';
import { Fence } from './fence.ts';
import type { HeldPage } from './held-page.ts';
import type { HostClock, HostEvent, HostFigures } from './host-events.ts';
import { givesBack, type HostLoad, isStuck, mostRunning, Turns, takesPage } from './host-policy.ts';
import { Illness } from './illness.ts';
import { type KnownBatch, KnownBatches } from './known-batches.ts';
import { giveBack, leavePage } from './leave-page.ts';
import type { BatchToList } from './list-batch.ts';
import type { FileMaker } from './make-file.ts';
import { makeList } from './make-list.ts';
import { pageKey } from './page.ts';
import { makePageFile } from './page-file.ts';
import { Renewals } from './renewals.ts';
import { lostFile } from './result-lines.ts';
import { startPage } from './start-page.ts';
import type { ListTotals, Store } from './store.ts';

interface HostParts {
  readonly broker: Broker;
  readonly maker: FileMaker;
  readonly clock: HostClock;
  /** Of this host, as results name it. */
  readonly name: string;
  /** Of no other host, ever. */
  readonly token: string;
  readonly engine: string;
  openStore(batch: Announcement): Store;
  /** Makes the list of a batch that was submitted without one. */
  list(batch: BatchToList): Promise<ListTotals>;
  /** What its runner and its machine show. */
  load(): Pick<HostLoad, 'threads' | 'pressure' | 'emergency' | 'lostThreads' | 'stuckMs' | 'othersShare'>;
  say(event: HostEvent): void;
}

/** An idle host asks so often. */
const POLL_MS = 400;
/** Hosts that may die of a page with a single file before that is named. */
const NAMED_AFTER = 5;

export class Host {
  readonly #parts: HostParts;
  readonly #turns = new Turns();
  readonly #held = new Set<HeldPage>();
  readonly #batches: KnownBatches;
  readonly #illness: Illness;
  readonly #renewals: Renewals;
  readonly #counts = { ok: 0, failed: 0, twice: 0, taken: 0, ended: 0, back: 0, nowhere: 0, lost: 0 };
  #running = 0;
  #tokens = 0;
  readonly #drained = new AbortController();
  #listing = 0;
  #wake: () => void = () => {};

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#batches = new KnownBatches(parts);
    this.#illness = new Illness(parts);
    this.#renewals = new Renewals({
      ...parts,
      pages: () => [...this.#held],
      lost: ({ parts: { delivery } }) => {
        this.#counts.lost++;
        this.#batches.doubt();
        parts.say({ event: 'lost', batch: delivery.batch, page: pageKey(delivery.ref) });
      },
      failed: ({ message }) => parts.say({ event: 'silent', why: message }),
      changed: () => this.#goOn(),
    });
  }

  get figures(): HostFigures {
    const { ok, failed, twice, taken, ended, back, lost } = this.#counts;
    const held = [...this.#held];
    return {
      files: { ok, failed, twice },
      pages: { taken, ended, back, lost, held: held.length },
      running: this.#running,
      waiting: held.reduce((sum, page) => sum + page.waiting, 0),
      fenceOpen: held.every(({ parts }) => parts.fence.isOpen),
      repairs: this.#batches.repairs,
    };
  }

  /** Works until it is drained; rejects never but for a fault of its own. */
  async run(): Promise<void> {
    this.#renewals.start();
    try {
      while (!this.#draining || this.#held.size > 0 || this.#listing > 0) {
        const woken = this.#nextWake();
        const took = await this.#step().catch((error) => {
          this.#parts.say({ event: 'silent', why: (error as Error).message });
          return false;
        });
        if (!took) await woken;
      }
    } finally {
      this.#renewals.stop();
    }
  }

  /** Takes no more pages, ends the files that run, gives the rest back. */
  drain(): void {
    this.#drained.abort();
    for (const page of this.#held) page.goesBack = true;
    this.#settle();
    this.#wake();
  }

  get #draining(): boolean {
    return this.#drained.signal.aborted;
  }

  #nextWake(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#parts.clock.after(POLL_MS, resolve);
    this.#wake = () => {
      stop();
      resolve();
    };
    return promise;
  }

  /** @returns whether there is more to do at once */
  async #step(): Promise<boolean> {
    this.#settle();
    this.#pump();
    if (this.#draining) return false;
    if (!(await this.#illness.isOver(this.#batches.all.map(({ store }) => store)))) return false;
    await this.#batches.look();
    const load = this.#load();
    if (givesBack(load)) {
      const stuck = isStuck(load);
      for (const page of this.#held) {
        if (stuck || !page.hasBegun) page.goesBack = true;
        if (stuck) page.stop.abort(new Error('The runner does not come to work.'));
      }
      this.#settle();
      return false;
    }
    return takesPage(load) && (await this.#take());
  }

  #load(): HostLoad {
    // For each file several times: no figures that only those who watch want.
    let [waiting, workSeconds, holdsSuspect] = [0, 0, false];
    for (const page of this.#held) {
      waiting += page.waiting;
      workSeconds += page.workSeconds;
      holdsSuspect ||= page.isSuspect;
    }
    return { ...this.#parts.load(), running: this.#running, waiting, workSeconds, holdsSuspect };
  }

  async #take(): Promise<boolean> {
    const { broker, clock } = this.#parts;
    const turns = this.#turns.order(
      this.#batches.all.map(({ announced }) => announced),
      clock.wallMs(),
    );
    for (const { id } of turns) {
      const batch = this.#batches.get(id);
      if (batch === null) continue;
      const sentMs = clock.nowMs();
      const delivery = await broker.take(id, `${this.#parts.token}:${this.#tokens++}`);
      if (delivery === null) {
        this.#turns.missed(batch.announced);
        await this.#batches.settle(batch);
        continue;
      }
      this.#counts.taken++;
      this.#parts.say({ event: 'taken', batch: id, page: pageKey(delivery.ref) });
      try {
        await this.#begin(batch, delivery, sentMs);
      } catch (error) {
        // Nothing can be read or written: it waits for whoever can.
        this.#fallIll(error as Error);
        this.#counts.back++;
        await giveBack(this.#parts, delivery);
      }
      return true;
    }
    return false;
  }

  async #begin(batch: KnownBatch, delivery: Delivery, sentMs: number): Promise<void> {
    const { broker, clock } = this.#parts;
    if (delivery.ref.lists) {
      // It may take minutes, and pages of other batches go on meanwhile.
      this.#listing++;
      void makeList(this.#parts, batch, delivery, this.#drained.signal).finally(() => {
        this.#listing--;
        this.#wake();
      });
      return;
    }
    const page = await startPage(this.#parts, batch, delivery, new Fence(broker.lockMs, sentMs, clock.nowMs));
    if (page === null) return;
    page.goesBack = this.#draining; // It was on its way when this host was told to leave.
    this.#turns.served(batch.announced, page.workSeconds);
    this.#held.add(page);
    if (page.parts.attempt.deaths >= NAMED_AFTER) this.#name(page);
    this.#settle();
    this.#pump();
  }

  /** Its only file is not tried any more. */
  #name(page: HeldPage): void {
    const { attempt, folder } = page.parts;
    for (let at = page.next(); at !== null; at = page.next()) {
      const line = lostFile(page.file(at), folder, attempt.deaths);
      this.#counts.failed++;
      page.ended({ at, line: { ...line, ...this.#about(page), twice: false } }, false);
    }
  }

  /** Begins what may begin. */
  #pump(): void {
    if (this.#illness.isIll) return;
    const most = mostRunning(this.#load());
    for (const page of this.#held) {
      while (this.#running < most) {
        const at = page.next();
        if (at === null) break;
        this.#running++;
        void this.#make(page, at);
      }
    }
  }

  async #make(page: HeldPage, at: number): Promise<void> {
    const cancel = this.#batches.get(page.parts.delivery.batch)?.cancel.signal ?? AbortSignal.abort();
    const { state, twice, error } = await makePageFile(this.#parts, page, at, cancel, this.#about(page));
    if (twice) this.#counts.twice++;
    if (state !== undefined) this.#counts[state]++;
    if (error !== undefined && !this.#draining) this.#fallIll(error);
    this.#running--;
    this.#goOn();
  }

  #goOn(): void {
    this.#settle();
    this.#pump();
    this.#wake();
  }

  /** What a line says besides. */
  #about(page: HeldPage) {
    const { name, engine } = this.#parts;
    return { page: pageKey(page.parts.delivery.ref), host: name, engine };
  }

  /** Nothing begins, and what has not begun goes back, until something can be written again. */
  #fallIll(error: Error): void {
    if (!this.#illness.fall(error)) return;
    this.#batches.doubt();
    for (const page of this.#held) page.goesBack = true;
  }

  /** Lets go of pages that are over. */
  #settle(): void {
    for (const page of this.#held) {
      if (!page.isOver || page.isLeaving) continue;
      // Until that is over its lock is renewed.
      page.isLeaving = true;
      void this.#leave(page).finally(() => {
        this.#held.delete(page);
        this.#wake();
      });
    }
  }

  async #leave(page: HeldPage): Promise<void> {
    const left = await leavePage(this.#parts, page, this.#about(page));
    this.#counts[left.to]++;
    if (left.error !== undefined) this.#fallIll(left.error);
  }
}
