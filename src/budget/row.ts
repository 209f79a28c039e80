/**
 * The words of one shard's row, by name. A view, made once for a ledger and row; holds nothing itself.
 *
 * Each accessor says which thread may call it: the owner is the thread that claimed the row; the coordinator
 * runs on the main thread. Where it says nothing of its kind it is atomic, which is sequentially consistent;
 * a plain load or store is a hint: it may be seen late, and nothing else may be concluded from it. None of
 * them is a step of the ledger's own protocol. Over 300 lines because each word says who may touch it.
 */
import { IDLE, IDLE_HIGH, IDLE_LOW, IDLE_PEAK, LIST_WORDS } from '../pool/free-list.ts';
import type { ShardWords } from '../pool/idle.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import { Counters } from './counters.ts';
import {
  BEGUN,
  CANCELS,
  COUNTERS,
  DECLARED,
  EMITTED,
  FREE,
  HUNGER,
  LISTS,
  LONGEST_BLOCK,
  LONGEST_TASK,
  MAIL,
  MAIL_READ,
  MOST_UNREAD,
  OWNER,
  POSTING,
  PROGRESS,
  QUOTA,
  READ,
  REFUSED_AT,
  rowCountersOffset,
  rowWord,
  STARVING,
  STARVING_TIER,
  TURN,
} from './layout.ts';

/** The number of no task. */
export const ENDS = -1;
/** No list is as long: the next length is the lowest since. */
const NO_LOW = 0x7fffffff;
/** What a word can hold. */
const MOST = 0x7fffffff;

export class LedgerRow {
  /** Written by the owner only (`Counting`), and cleared with the row. */
  readonly counters: Counters;
  readonly #words: Int32Array;
  readonly #first: number;

  constructor(words: Int32Array, row: number) {
    this.#words = words;
    this.#first = rowWord(row);
    this.counters = new Counters(new Float64Array(words.buffer, rowCountersOffset(row), COUNTERS));
  }

  /** A thread holds the row. Coordinator, which alone frees rows; a worker may claim it at any time. */
  get taken(): boolean {
    return Atomics.load(this.#words, this.#first + OWNER) !== FREE;
  }

  // Its mailbox. The pool looks at the flag with every request and release, by a plain load (`shardWords`).

  /** Something may lie there. Owner; a plain load. */
  get hasMail(): boolean {
    return this.#words[this.#first + MAIL] !== 0;
  }

  /** Coordinator, after it has posted: a worker that sees the flag finds the message. */
  raiseMail(): void {
    Atomics.store(this.#words, this.#first + MAIL, 1);
  }

  /** Owner, before it reads the port: a message posted after the last read raises the flag again. */
  clearMail(): void {
    Atomics.store(this.#words, this.#first + MAIL, 0);
  }

  /** How many messages the thread has taken out of its port, in 32 bits. Coordinator. */
  get mailRead(): number {
    return Atomics.load(this.#words, this.#first + MAIL_READ);
  }

  /**
   * Owner, for each message that it takes out. The flag does not tell: one that is read before its flag is
   * raised leaves it up.
   */
  countMail(): void {
    Atomics.add(this.#words, this.#first + MAIL_READ, 1);
  }

  // Its task.

  /** Changes with each cancel. Owner. */
  get cancels(): number {
    return Atomics.load(this.#words, this.#first + CANCELS);
  }

  /** Main thread, after it has posted which task it is: a worker that sees the change finds the message. */
  countCancel(): void {
    Atomics.add(this.#words, this.#first + CANCELS, 1);
  }

  /** Number of the task that began last, 0 before the first. Main thread, once the thread has ended. */
  get begunTask(): number {
    return Atomics.load(this.#words, this.#first + BEGUN);
  }

  /** Tasks are about to be posted: false where the thread ends, which else waits. Main thread. */
  beginPost(): boolean {
    Atomics.store(this.#words, this.#first + POSTING, 1);
    if (this.begunTask !== ENDS) return true;
    this.endPost();
    return false;
  }

  /** They were posted, or could not be. Main thread. */
  endPost(): void {
    Atomics.store(this.#words, this.#first + POSTING, 0);
  }

  /** Owner, after {@link ENDS}: what is posted later saw that. Few ever wait here, so nobody is woken. */
  waitForPost(): void {
    while (Atomics.wait(this.#words, this.#first + POSTING, 1, 1) === 'timed-out');
  }

  /** Owner, before each task; {@link ENDS} before it ends between two. */
  set begunTask(task: number) {
    Atomics.store(this.#words, this.#first + BEGUN, task);
  }

  /**
   * How long the longest task of the last message took: nanoseconds, 2^31 - 1 at most. Main thread, when what
   * came of it has arrived; a plain load.
   */
  get longestTaskNs(): number {
    return this.#words[this.#first + LONGEST_TASK];
  }

  /** Owner, before it posts what came of them; a plain store, since the message comes after it. */
  set longestTaskNs(nanoseconds: number) {
    this.#words[this.#first + LONGEST_TASK] = Math.min(MOST, nanoseconds);
  }

  /** Of the running task. Main thread; a plain load. */
  get progressThousandths(): number {
    return this.#words[this.#first + PROGRESS];
  }

  /** Owner, while its task runs; main thread, before it posts one. A plain store. */
  set progressThousandths(thousandths: number) {
    this.#words[this.#first + PROGRESS] = thousandths;
  }

  /** Its task has declared a need, which the budget holds for it. Owner; plain, after the task came. */
  get declared(): boolean {
    return this.#words[this.#first + DECLARED] !== 0;
  }

  /** Main thread, before it posts the task; a plain store, since the message comes after it. */
  set declared(declared: boolean) {
    this.#words[this.#first + DECLARED] = Number(declared);
  }

  /**
   * Bytes of the longest block that its job would work in, whatever is advised; 0 while it has not asked for
   * a size. Main thread; a plain load.
   */
  get longestBlockBytes(): number {
    return this.#words[this.#first + LONGEST_BLOCK];
  }

  /** Owner, whenever its job asks, 1 to infinity; a plain store. */
  set longestBlockBytes(bytes: number) {
    this.#words[this.#first + LONGEST_BLOCK] = Math.min(MOST, Math.ceil(bytes));
  }

  // What its task emits.

  /** How many values may be unread, 0 where nobody reads. Main thread, before it posts the task; plain. */
  expectValues(mostUnread: number): void {
    this.#words[this.#first + MOST_UNREAD] = mostUnread;
    this.#words[this.#first + EMITTED] = 0;
    this.#words[this.#first + READ] = 0;
  }

  /** Somebody reads what the task emits. Owner; plain, after the task came. */
  get hasReader(): boolean {
    return this.#words[this.#first + MOST_UNREAD] > 0;
  }

  /** One more value may be emitted. Owner. */
  get hasRoom(): boolean {
    const unread = this.valuesEmitted - Atomics.load(this.#words, this.#first + READ);
    return unread < this.#words[this.#first + MOST_UNREAD];
  }

  /** How many the task has emitted, the one that is being posted included. Any thread. */
  get valuesEmitted(): number {
    return Atomics.load(this.#words, this.#first + EMITTED);
  }

  /** Owner, before it posts one. */
  countEmitted(): void {
    Atomics.add(this.#words, this.#first + EMITTED, 1);
  }

  /** Main thread, when one of the task that runs has been read; it wakes the owner after. */
  countRead(): void {
    Atomics.add(this.#words, this.#first + READ, 1);
  }

  // What it starves for.

  /**
   * KiB of its request with the earliest turn, or else of the largest that waits; 0 when none does. Any
   * thread.
   */
  get starvingKib(): number {
    return Atomics.load(this.#words, this.#first + STARVING);
  }

  /** The tier of that request. Main thread, after `starvingKib`; a plain load: it may be over by then. */
  get starvingTier(): number {
    return this.#words[this.#first + STARVING_TIER];
  }

  /** The turn of that request, 0 where it has none. Any thread, before `starvingKib`. */
  get turn(): number {
    return Atomics.load(this.#words, this.#first + TURN);
  }

  /** Owner, before it raises the hunger word and wakes the coordinator. 0 KiB: it no longer starves. */
  starve(kib: number, tier: number, turn = 0): void {
    if (turn === 0) Atomics.store(this.#words, this.#first + TURN, 0);
    Atomics.store(this.#words, this.#first + STARVING_TIER, tier);
    // After its tier and before its turn, so that whoever sees the KiB sees the one, and who sees the turn
    // sees the KiB.
    Atomics.store(this.#words, this.#first + STARVING, kib);
    if (turn !== 0) Atomics.store(this.#words, this.#first + TURN, turn);
  }

  /** KiB that all rows together were charged when its last request was refused. Main thread; a plain load. */
  get refusedAtKib(): number {
    return this.#words[this.#first + REFUSED_AT];
  }

  /** Owner, before it counts the refusal; a plain store. */
  set refusedAtKib(kib: number) {
    this.#words[this.#first + REFUSED_AT] = kib;
  }

  // Its free lists, whose words the pool writes by plain stores (`shardWords`): plain loads, hints all.

  /** Idle buffers of a tier. Main thread. */
  idle(tier: number): number {
    return this.#words[this.#list(tier) + IDLE];
  }

  /** The fewest since the coordinator last reset the marks. Coordinator. */
  idleLow(tier: number): number {
    return this.#words[this.#list(tier) + IDLE_LOW];
  }

  /** The most since then. Coordinator. */
  idleHigh(tier: number): number {
    return this.#words[this.#list(tier) + IDLE_HIGH];
  }

  /** The most ever. Main thread. */
  idlePeak(tier: number): number {
    return this.#words[this.#list(tier) + IDLE_PEAK];
  }

  /**
   * The marks are those of the next interval from here on. Coordinator; plain stores: the owner may undo one.
   */
  resetMarks(): void {
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      this.#words[this.#list(tier) + IDLE_LOW] = NO_LOW;
      this.#words[this.#list(tier) + IDLE_HIGH] = 0;
    }
  }

  /** The quota of a tier in force, which the pool writes (`shardWords`). Main thread; a plain load. */
  quota(tier: number): number {
    return this.#words[this.#first + QUOTA + tier];
  }

  /**
   * The words of the row as its shard uses them, for the owner. They stay indexes: the pool knows no ledger,
   * and looks at the mail and hunger words and writes its lists' with every hit, where a call of an
   * accessor, or one more load, costs too much.
   */
  shardWords(): ShardWords {
    const first = this.#first;
    return {
      words: this.#words,
      mail: first + MAIL,
      hunger: HUNGER,
      lists: first + LISTS,
      quota: first + QUOTA,
    };
  }

  #list(tier: number): number {
    return this.#first + LISTS + tier * LIST_WORDS;
  }
}
