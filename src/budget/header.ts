/**
 * The words of a ledger that all threads share, by name. A view, made once with its ledger; holds nothing
 * itself.
 *
 * Each accessor says which thread may call it. Where it says nothing of its kind it is atomic, which is
 * sequentially consistent; a plain load or store is a hint: it may be seen late, and nothing else may be
 * concluded from it.
 */
import type { Bytes } from '../bytes.ts';
import { BLOCK, CRITICAL, HUNGER, STARVED, TELL, TURNS, WAKE } from './layout.ts';

export class LedgerHeader {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  // Waiting for memory. The word itself is read and changed by `Ledger.wakeWord` and `Ledger.wake`.

  /** Blocks until the wake word differs from `seen`, for so long at most. Workers: main must never block. */
  waitForWake(seen: number, milliseconds: number): void {
    Atomics.wait(this.#words, WAKE, seen, milliseconds);
  }

  /** As `waitForWake`, for any thread: a promise that keeps no process alive; null if it differs already. */
  waitForWakeAsync(seen: number, milliseconds: number): Promise<unknown> | null {
    const wait = Atomics.waitAsync(this.#words, WAKE, seen, milliseconds);
    return wait.async ? wait.value : null;
  }

  // Shards that starve, and the coordinator.

  /** Changes when a shard starts or stops starving. The coordinator reads it before it looks which do. */
  get starvedWord(): number {
    return Atomics.load(this.#words, STARVED);
  }

  /** Any thread, after it has written what there is to see: its need, and the hunger word. */
  wakeCoordinator(): void {
    // The change comes before the notification: who read the old value is woken, or does not sleep.
    Atomics.add(this.#words, STARVED, 1);
    Atomics.notify(this.#words, STARVED);
  }

  /** A promise of the next change since `seen`, null if there was one. Coordinator only. */
  waitForStarvedAsync(seen: number): Promise<unknown> | null {
    const wait = Atomics.waitAsync(this.#words, STARVED, seen);
    return wait.async ? wait.value : null;
  }

  /**
   * KiB that the neediest starving shard lacks, 0 when none starves: others free what helps. Any thread reads
   * it; the pool does so with every release, by a plain load (`LedgerRow.shardWords`).
   */
  get hungerKib(): number {
    return Atomics.load(this.#words, HUNGER);
  }

  /** What a scan of all rows came to. Coordinator; a shard that starves meanwhile raises it again. */
  set hungerKib(kib: number) {
    Atomics.store(this.#words, HUNGER, kib);
  }

  /**
   * Raises the hunger word to `kib`. Any thread, after it has written its need to its row. Two that do so at
   * once may lose the larger need: so a shard that starves does it again and again.
   */
  raiseHunger(kib: number): void {
    if (Atomics.load(this.#words, HUNGER) < kib) Atomics.store(this.#words, HUNGER, kib);
  }

  /** A turn that nobody has drawn before, for a request that has waited for long. Any thread. */
  drawTurn(): number {
    // It wraps after billions of requests, and 0 is none.
    return (Atomics.add(this.#words, TURNS, 1) + 1) | 0 || this.drawTurn();
  }

  // What the regulator and the recording publish to all threads.

  /** Bytes of a block now. Any thread, before each block; a plain load. */
  get blockBytes(): Bytes {
    return this.#words[BLOCK];
  }

  /** Main thread only; a plain store: jobs see it with one of their next blocks. */
  set blockBytes(bytes: Bytes) {
    this.#words[BLOCK] = bytes;
  }

  /** Memory is critical: requests over the largest tier wait. Any thread; a plain load. */
  get critical(): boolean {
    return this.#words[CRITICAL] !== 0;
  }

  /** Coordinator only. Requests that wait for its end sleep on the wake word: wake them after. */
  set critical(critical: boolean) {
    Atomics.store(this.#words, CRITICAL, Number(critical));
  }

  /**
   * Changes when threads should soon publish what they recorded. Any thread, where a task ends or says what
   * it processed; a plain load.
   */
  get publishWord(): number {
    return this.#words[TELL];
  }

  /** Main thread only, the one writer: a plain load and store. */
  askToPublish(): void {
    this.#words[TELL]++;
  }
}
