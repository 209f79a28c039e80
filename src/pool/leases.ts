/**
 * The live leases of one shard: it lends stores, takes them back, and ends them with their task.
 *
 * Owns every store that is not idle: under a live lease, homebound (a loan whose lease ended), or in
 * quarantine. Runs on one thread and is touched by no other. Invariant: a store is in exactly one of these,
 * or idle, or was handed out by `detach`; a lease lives exactly as long as its store has its generation.
 *
 * Over 300 lines because all ways in which a lease ends share private state, and a hit pays for every call
 * between files.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { FreeList } from './free-list.ts';
import { setAside } from './guard.ts';
import type { IdleMemory, MemoryParts } from './idle.ts';
import { Lease, MOVED, RELEASED } from './lease.ts';
import { detachedError, foreignError, pinnedError } from './lease-errors.ts';
import type { Quarantine } from './quarantine.ts';
import {
  type Borrowed,
  type IdleList,
  type Lender,
  NOT_LENT,
  NOWHERE,
  type Pin,
  type Store,
} from './store.ts';
import type { LeaseRecorder, ShardCounts, Supply } from './supply.ts';

/** A lease that its task forgot. */
export interface Leak {
  readonly length: Bytes;
  /** Where it was acquired, if the safety level kept that. */
  readonly stack: string | null;
}

/** What the end of a task left behind. */
interface TaskEnd {
  readonly leaks: Leak[];
  /** Loans that go back to their lender. */
  readonly homebound: Store[];
  /** Leases that native code still held; their memory is in quarantine. */
  readonly pinned: number;
}

interface LeasesParts extends MemoryParts {
  readonly idle: IdleMemory;
  readonly recorder: LeaseRecorder;
  readonly scrub: boolean;
  /** Memory of which there are views is not used again while somebody has one. */
  readonly setsAside: boolean;
  /** Acquires from the same shard. */
  grow(length: Bytes): Lease;
}

export class Leases implements Lender {
  /**
   * Cannot be cloned, so neither can a lease that gets into a message other than by a move; the error shows
   * its name.
   */
  readonly uncloneable = Symbol('a lease that is not in a plain object or array');
  readonly #idle: IdleMemory;
  readonly #supply: Supply;
  readonly #counts: ShardCounts;
  readonly #recorder: LeaseRecorder;
  readonly #grow: (length: Bytes) => Lease;
  // Copies of what the hot path reads, one load away.
  readonly #words: Int32Array;
  readonly #mail: number;
  readonly #hunger: number;
  readonly #lists: readonly FreeList[];
  readonly #releases: Float64Array;
  readonly #scrub: boolean;
  readonly #setsAside: boolean;
  /**
   * Every store that was ever lent here and has not left since; `task` tells the lent ones. A hit does not
   * touch it.
   */
  readonly #known: Store[] = [];
  /** True when the running task got a lease: then its end looks through them. */
  #lentInTask = false;
  readonly #quarantine: Quarantine;
  #homebound: Store[] = [];
  /** The task that leases acquired now belong to; 0 outside tasks. */
  task = 0;

  constructor({ idle, words, supply, quarantine, counts, recorder, scrub, setsAside, grow }: LeasesParts) {
    this.#idle = idle;
    this.#supply = supply;
    this.#quarantine = quarantine;
    this.#counts = counts;
    this.#recorder = recorder;
    this.#grow = grow;
    this.#words = words.words;
    this.#mail = words.mail;
    this.#hunger = words.hunger;
    this.#lists = idle.lists;
    this.#releases = counts.releases;
    this.#scrub = scrub;
    this.#setsAside = setsAside;
  }

  /** Puts a store under a new lease of the running task; `asked` is the tier of the request. */
  lend(store: Store, length: Bytes, asked: number): Lease {
    if (store.place === NOWHERE) this.#meet(store);
    if (store.length !== length) store.setLength(length);
    store.asked = asked;
    store.task = this.task;
    this.#lentInTask = true;
    return new Lease(store, length);
  }

  // Lender: what leases call.

  release(lease: Borrowed, store: Store): void {
    const words = this.#words;
    if (store.plain && words[this.#mail] === 0 && words[this.#hunger] === 0 && store.intact) {
      if ((store.list as IdleList).push(store, words)) {
        lease.generation = RELEASED;
        this.#finish(store);
        return;
      }
    }
    this.#releaseSlow(lease, store);
  }

  grow(lease: Borrowed, store: Store, length: Bytes): void {
    if (store.pins > 0) throw pinnedError(store, 'resized');
    if (!store.intact) throw detachedError(store);
    const larger = this.#grow(length);
    larger.bytes.set(store.bytes);
    // The two swap their stores: the old one ends under the new lease's name, the caller keeps its own.
    const { store: grown, generation } = larger;
    // It goes on as the same lease: of the task that acquired it, also where another one resizes it.
    grown.task = store.task;
    store.passTime(grown);
    larger.store = store;
    larger.generation = lease.generation;
    lease.store = grown;
    lease.generation = generation;
    lease.length = length;
    larger.release();
  }

  pinned(store: Store, sending: boolean): Pin {
    const sends = sending ? 1 : 0;
    store.pins++;
    store.sends += sends;
    store.settle();
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      store.pins--;
      store.sends -= sends;
      store.settle();
      if (store.pins === 0 && this.#quarantine.remove(store)) this.#leaveQuarantine(store);
    };
    return { release, [Symbol.dispose]: release };
  }

  forget(store: Store): void {
    // One that came with a result which nobody waits for any more was never lent here.
    if (store.lender !== this) return;
    const last = this.#known.pop() as Store;
    if (last !== store) {
      this.#known[store.place] = last;
      last.place = store.place;
    }
    store.lender = null;
    store.place = NOWHERE;
    store.list = null;
  }

  // What the thread around the shard calls.

  /** Leases acquired from now on belong to this task (1 or more). */
  beginTask(task: number): void {
    this.task = task;
    this.#lentInTask = false;
    this.#supply.safepoint();
  }

  /**
   * Reclaims what the task left: forgotten leases are re-homed, so that no stale view reaches recycled
   * memory.
   */
  endTask(): TaskEnd {
    const leaks: Leak[] = [];
    let pinned = 0;
    const task = this.task;
    this.task = 0;
    const left = this.#lentInTask ? this.#lentStores((store) => store.task === task) : [];
    for (const store of left) {
      if (store.pins > 0) pinned++;
      else if (store.loan === 0) leaks.push(this.#leakOf(store));
      this.#reclaim(store);
    }
    const homebound = this.#homebound;
    this.#homebound = [];
    this.#supply.safepoint();
    return { leaks, homebound, pinned };
  }

  /**
   * Ends a lease for a move to another shard and hands its store over; the charge is the caller's business.
   */
  detach(lease: Lease): Store {
    const store = this.checkMovable(lease);
    if (this.#setsAside && store.viewed) setAside(store, this.#supply, store.whole);
    lease.generation = MOVED;
    this.#stopClock(store);
    this.#drop(store);
    this.forget(store);
    if (store.loan === 0) this.#counts.held(store.tier, -store.capacity / KiB);
    return store;
  }

  /** @throws what {@link detach} would throw, changing nothing */
  checkMovable(lease: Lease): Store {
    const store = lease.live();
    if (store.lender !== this) throw foreignError(store);
    if (store.pins > 0) throw pinnedError(store, 'moved');
    if (!store.intact) throw detachedError(store);
    return store;
  }

  /**
   * A store comes whose lease ended in another shard; as a release. `seen` says that views of it may still be
   * about.
   */
  attach(store: Store, asked: number, seen = false): void {
    this.#releases[asked]++;
    if (store.loan === 0) this.#counts.held(store.tier, store.capacity / KiB);
    this.#retire(store, seen);
  }

  /** True while a lease lives. */
  get lent(): boolean {
    return this.#known.some((store) => store.task !== NOT_LENT);
  }

  /** The thread has memory that somebody uses, or that waits for the end of its task. */
  get holds(): boolean {
    return this.#homebound.length > 0 || this.lent;
  }

  owns(buffer: ArrayBufferLike): boolean {
    return this.some((store) => store.buffer === buffer);
  }

  /**
   * Asks of every store of this shard, once for each place where it is: lent, homebound, idle, in quarantine.
   */
  some(test: (store: Store) => boolean): boolean {
    return (
      this.#known.some((store) => store.task !== NOT_LENT && test(store)) ||
      this.#homebound.some(test) ||
      this.#idle.some(test) ||
      this.#quarantine.some(test)
    );
  }

  /** Reclaims all live leases. What native code still holds goes into quarantine. */
  reclaimAll(): Leak[] {
    const leaks: Leak[] = [];
    for (const store of this.#lentStores(() => true)) {
      leaks.push(this.#leakOf(store));
      this.#reclaim(store);
    }
    return leaks;
  }

  #releaseSlow(lease: Borrowed, store: Store): void {
    if (store.pins > store.sends) throw pinnedError(store, 'released');
    lease.generation = RELEASED;
    this.#stopClock(store);
    this.#finishSlow(store);
    if (!store.intact) {
      this.#quarantine.add(store);
      throw detachedError(store);
    }
    // It comes free when its bytes have gone.
    if (store.pins > 0) {
      this.#quarantine.keep(store);
      return;
    }
    // What lies in the mailbox may change the quota, so it comes before the store finds its place.
    if (this.#words[this.#mail] !== 0) this.#supply.safepoint();
    this.#retire(store, store.trace !== null);
  }

  #finishSlow(store: Store): void {
    if (store.loan > 0) this.#counts.endedForeign();
    this.#finish(store);
  }

  /** Ends the lease over a store and counts it as released. */
  #finish(store: Store): void {
    this.#releases[store.asked]++;
    this.#drop(store);
  }

  /**
   * Records how long a timed lease lived. One that moved is not timed any further: the two threads' records
   * are apart.
   */
  #stopClock(store: Store): void {
    if (store.timedFor === 0) return;
    this.#recorder.lifetime(store.asked, this.#supply.now() - store.lentAt, store.timedFor);
    store.timedFor = 0;
  }

  /** The lease over a store is over. */
  #drop(store: Store): void {
    store.task = NOT_LENT;
  }

  #meet(store: Store): void {
    store.lender = this;
    store.scrub = this.#scrub;
    store.place = this.#known.push(store) - 1;
    store.list = this.#lists[store.tier] ?? null;
    store.settle();
  }

  /** Lent stores that a test holds for; a list of its own, for callers that end them. */
  #lentStores(test: (store: Store) => boolean): Store[] {
    return this.#known.filter((store) => store.task !== NOT_LENT && test(store));
  }

  /**
   * Ends a lease that nobody gave back: it is out of reach, so its store becomes one of another generation.
   */
  #reclaim(store: Store): void {
    store.generation++;
    this.#stopClock(store);
    this.#finishSlow(store);
    this.#retire(store, true);
  }

  /** Finds the next place for a store whose lease has ended. */
  #retire(store: Store, rehome: boolean): void {
    if (!this.#reusable(store, rehome)) this.#quarantine.add(store);
    else if (store.loan > 0) {
      this.forget(store);
      this.#homebound.push(store);
    } else {
      if (store.origin > 0 && !this.#supply.goesBack(store)) {
        store.origin = 0;
        store.settle();
      }
      // A thread that would give way keeps nothing, or it would go on by hits.
      if (this.#supply.owedKib(null) > 0 && !this.holds) this.#idle.free(store);
      else this.#idle.put(store);
    }
  }

  /** Native code has let go of memory whose lease was over. */
  #leaveQuarantine(store: Store): void {
    if (store.loan > 0 && this.#reusable(store, true)) {
      this.forget(store);
      this.#supply.returnLoan(store);
    } else this.#retire(store, true);
  }

  /** Makes a store ready for its next user; false when it cannot have one. */
  #reusable(store: Store, rehome: boolean): boolean {
    if (store.pins > 0 || !store.intact || (rehome && !this.#endViews(store))) return false;
    if (this.#scrub) store.whole.fill(0);
    store.trace = null;
    store.settle();
    return true;
  }

  /** False, and nothing happened, when the buffer was marked untransferable. */
  #endViews(store: Store): boolean {
    return this.#setsAside && store.viewed ? setAside(store, this.#supply) : store.rehome();
  }

  #leakOf(store: Store): Leak {
    this.#counts.leaked();
    return { length: store.length, stack: store.trace?.stack ?? null };
  }
}
