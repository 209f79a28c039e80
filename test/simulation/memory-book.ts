/**
 * What memory there really is: every buffer that was allocated and not freed, with who holds it. The truth
 * that the ledger is compared with. Invariant: a buffer of the simulation has a number, kept over every
 * transfer.
 */

interface LiveBuffer {
  readonly id: number;
  readonly kib: number;
  /** The thread whose heap it is in, or where it waits to be received. */
  holder: string;
  /** The last look around a thread that found it. */
  seen: number;
}

interface Numbered extends ArrayBuffer {
  bookId?: number;
}

export class MemoryBook {
  readonly live = new Map<number, LiveBuffer>();
  liveKib = 0;
  readonly #counts = new Map<string, number>();
  #last = 0;

  allocate(bytes: number, holder: string): ArrayBuffer {
    const id = ++this.#last;
    const buffer = new ArrayBuffer(bytes);
    this.live.set(id, { id, kib: bytes / 1024, holder, seen: 0 });
    this.liveKib += bytes / 1024;
    this.#count(holder, 1);
    this.#number(buffer, id);
    return buffer;
  }

  idOf(buffer: ArrayBufferLike): number {
    const id = (buffer as Numbered).bookId;
    if (id === undefined) throw new Error('a buffer that nobody allocated');
    return id;
  }

  /** Undefined when the memory was freed. */
  find(buffer: ArrayBufferLike): LiveBuffer | undefined {
    return this.live.get((buffer as Numbered).bookId as number);
  }

  /** How many buffers there are in a place. */
  heldBy(holder: string): number {
    return this.#counts.get(holder) ?? 0;
  }

  /** Clones a message as a port does, and notes where its buffers are now. */
  ship<T>(message: T, transfer: readonly ArrayBuffer[], holder: string): T {
    const entries = transfer.map((buffer) => {
      const entry = this.find(buffer);
      if (entry === undefined || buffer.detached)
        throw new Error('a buffer was freed or moved, and then sent');
      return entry;
    });
    const moved = new Map<ArrayBuffer, ArrayBuffer>();
    transfer.forEach((buffer, at) => {
      const arrived = ArrayBuffer.prototype.transfer.call(buffer);
      this.#number(arrived, entries[at].id);
      this.#place(entries[at], holder);
      moved.set(buffer, arrived);
    });
    return cloned(message, moved) as T;
  }

  /** A message was received: its buffers are in another heap now. */
  receive(from: string, buffers: readonly ArrayBufferLike[], to: string): void {
    for (const buffer of buffers) {
      const entry = this.find(buffer);
      if (entry?.holder === from) this.#place(entry, to);
    }
  }

  /** Everything in these places is gone: a thread ended, or a port was closed. */
  drop(...holders: string[]): void {
    for (const [id, entry] of this.live) if (holders.includes(entry.holder)) this.#free(id);
  }

  /** From here on `transfer` keeps the books, also on what it returns. */
  #number(buffer: ArrayBuffer, id: number): void {
    (buffer as Numbered).bookId = id;
    buffer.transfer = (length?: number): ArrayBuffer => {
      const moved = ArrayBuffer.prototype.transfer.call(buffer, length);
      if (length === 0) this.#free(id);
      else this.#number(moved, id);
      return moved;
    };
  }

  #free(id: number): void {
    const entry = this.live.get(id);
    if (entry === undefined) throw new Error(`promise 2: buffer ${id} was freed twice`);
    this.live.delete(id);
    this.liveKib -= entry.kib;
    this.#count(entry.holder, -1);
  }

  #place(entry: LiveBuffer, holder: string): void {
    this.#count(entry.holder, -1);
    this.#count(holder, 1);
    entry.holder = holder;
  }

  #count(holder: string, change: number): void {
    this.#counts.set(holder, this.heldBy(holder) + change);
  }
}

/**
 * Plain data as structured cloning copies it, which takes twenty times as long; a buffer that is not moved is
 * a mistake.
 */
function cloned(part: unknown, moved: ReadonlyMap<ArrayBuffer, ArrayBuffer>): unknown {
  if (typeof part === 'function' || typeof part === 'symbol') throw new Error('that cannot be cloned');
  if (typeof part !== 'object' || part === null) return part;
  if (part instanceof ArrayBuffer) {
    const arrived = moved.get(part);
    if (arrived === undefined) throw new Error('a buffer would be copied');
    return arrived;
  }
  if (Array.isArray(part)) return part.map((inner) => cloned(inner, moved));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(part)) copy[key] = cloned((part as Record<string, unknown>)[key], moved);
  return copy;
}
