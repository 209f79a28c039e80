/**
 * Bytes between the main thread and a task that works without returning to its event loop: a ring in shared
 * memory, of a fixed size, with one writer and one reader. The main thread waits by promises, the task by
 * blocking its thread. Made by the main thread; each side has an object of its own.
 * Invariants: the writer alone moves `written` and the reader alone `read`, each after it has copied, and
 * neither passes the other; whoever changes a word changes `turn` after it and wakes, so nobody who looked at
 * `turn` before the words sleeps through a change.
 */
import type { Bytes } from '../bytes.ts';
import { KiB } from '../bytes.ts';

/** A power of two, so that positions may overflow. */
const RING_BYTES: Bytes = 256 * KiB;

const TURN = 0;
const WRITTEN = 1;
const READ = 2;
/** No more comes from the writer; and why, as a number of the system, where it is not the end. */
const ENDED = 3;
const REASON = 4;
/** The reader takes no more. */
const REFUSED = 5;
const WORDS = 6;
const WORD_BYTES = 4;

/** What both sides share. It may be sent to a thread. */
export type SharedBytes = SharedArrayBuffer;

export function createSharedBytes(): SharedBytes {
  return new SharedArrayBuffer(WORDS * WORD_BYTES + RING_BYTES);
}

abstract class End {
  protected readonly words: Int32Array;
  protected readonly bytes: Uint8Array;

  constructor(shared: SharedBytes) {
    this.words = new Int32Array(shared, 0, WORDS);
    this.bytes = new Uint8Array(shared, WORDS * WORD_BYTES);
  }

  protected word(at: number): number {
    return Atomics.load(this.words, at);
  }

  /** Bytes that were written and not read. */
  protected get unread(): number {
    return (this.word(WRITTEN) - this.word(READ)) >>> 0;
  }

  protected change(at: number, value: number): void {
    Atomics.store(this.words, at, value);
    Atomics.add(this.words, TURN, 1);
    Atomics.notify(this.words, TURN);
  }

  /** Tries until there is something, sleeping between two changes of the words. */
  protected wait<Result>(attempt: () => Result | null): Result {
    for (;;) {
      const turn = this.word(TURN);
      const result = attempt();
      if (result !== null) return result;
      Atomics.wait(this.words, TURN, turn);
    }
  }

  /** As {@link wait}, without blocking. What else runs has to keep the process alive. */
  protected async waitAsync<Result>(attempt: () => Result | null): Promise<Result> {
    for (;;) {
      const turn = this.word(TURN);
      const result = attempt();
      if (result !== null) return result;
      await Atomics.waitAsync(this.words, TURN, turn).value;
    }
  }
}

/** The side that bytes come from. */
export class ByteWriter extends End {
  /** The reader takes no more: what is written is lost. */
  get refused(): boolean {
    return this.word(REFUSED) !== 0;
  }

  /** Blocks until all is in the ring. @returns false where the reader takes no more */
  write(piece: Uint8Array): boolean {
    for (let done = 0; done < piece.length; ) {
      const put = this.wait(() => this.#put(piece.subarray(done)));
      if (put === 0) return false;
      done += put;
    }
    return !this.refused;
  }

  /** As {@link write}, without blocking. */
  async writeAsync(piece: Uint8Array): Promise<boolean> {
    for (let done = 0; done < piece.length; ) {
      const put = await this.waitAsync(() => this.#put(piece.subarray(done)));
      if (put === 0) return false;
      done += put;
    }
    return !this.refused;
  }

  /**
   * No more comes. More calls do nothing.
   * @param errno of the system, where this is not the end but something broke
   */
  end(errno = 0): void {
    if (this.word(ENDED) !== 0) return;
    Atomics.store(this.words, REASON, errno);
    this.change(ENDED, 1);
  }

  /** @returns how many bytes went in, 0 where none ever will; `null` where there is no room now */
  #put(piece: Uint8Array): number | null {
    if (this.refused) return 0;
    const length = Math.min(piece.length, RING_BYTES - this.unread);
    if (length === 0) return null;
    const written = this.word(WRITTEN);
    const at = (written >>> 0) % RING_BYTES;
    const first = Math.min(length, RING_BYTES - at);
    this.bytes.set(piece.subarray(0, first), at);
    this.bytes.set(piece.subarray(first, length), 0);
    this.change(WRITTEN, written + length);
    return length;
  }
}

/** The side that they go to. */
export class ByteReader extends End {
  /** Of the system, where the bytes did not come to their end; else 0. Good once a read has given 0. */
  get errno(): number {
    return this.word(REASON);
  }

  /** Blocks until there is something. @returns how many bytes came; 0 at the end */
  read(target: Uint8Array): number {
    return this.wait(() => this.#take(target));
  }

  /** As {@link read}, without blocking. */
  readAsync(target: Uint8Array): Promise<number> {
    return this.waitAsync(() => this.#take(target));
  }

  /** Takes no more: the writer is told, and later reads give 0. More calls do nothing. */
  refuse(): void {
    this.change(REFUSED, 1);
  }

  #take(target: Uint8Array): number | null {
    // Looked at first: what was written before the end is there then.
    const ended = this.word(ENDED) !== 0;
    if (this.word(REFUSED) !== 0) return 0;
    const length = Math.min(target.length, this.unread);
    if (length === 0) return ended || target.length === 0 ? 0 : null;
    const read = this.word(READ);
    const at = (read >>> 0) % RING_BYTES;
    const first = Math.min(length, RING_BYTES - at);
    target.set(this.bytes.subarray(at, at + first));
    target.set(this.bytes.subarray(0, length - first), first);
    this.change(READ, read + length);
    return length;
  }
}
