/**
 * What memory there really is: every buffer that was allocated and not freed, with who holds it. The truth that the ledger
 * is compared with. Invariant: a buffer of the simulation has a number, kept over every transfer.
 */

export interface LiveBuffer {
  readonly id: number;
  readonly kib: number;
  /** The thread whose heap it is in, or where it waits to be received. */
  holder: string;
}

interface Numbered extends ArrayBuffer {
  bookId?: number;
}

export class MemoryBook {
  readonly live = new Map<number, LiveBuffer>();
  liveKib = 0;
  #last = 0;

  allocate(bytes: number, holder: string): ArrayBuffer {
    const id = ++this.#last;
    const buffer = new ArrayBuffer(bytes);
    this.live.set(id, { id, kib: bytes / 1024, holder });
    this.liveKib += bytes / 1024;
    this.#number(buffer, id);
    return buffer;
  }

  idOf(buffer: ArrayBufferLike): number {
    const id = (buffer as Numbered).bookId;
    if (id === undefined) throw new Error('a buffer that nobody allocated');
    return id;
  }

  /** Clones a message as a port does, and notes where its buffers are now. */
  ship<T>(message: T, transfer: ArrayBuffer[], holder: string): T {
    const ids = transfer.map((buffer) => this.idOf(buffer));
    const shipped = structuredClone({ message, transfer }, { transfer });
    shipped.transfer.forEach((buffer, at) => {
      this.#number(buffer, ids[at]);
      const entry = this.live.get(ids[at]);
      if (entry === undefined) throw new Error(`buffer ${ids[at]} was freed and then sent`);
      entry.holder = holder;
    });
    return shipped.message;
  }

  /** A message was received: its buffers are in another heap now. */
  receive(from: string, buffers: readonly ArrayBufferLike[], to: string): void {
    for (const buffer of buffers) {
      const entry = this.live.get(this.idOf(buffer));
      if (entry?.holder === from) entry.holder = to;
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
    if (entry === undefined) throw new Error(`buffer ${id} was freed twice`);
    this.live.delete(id);
    this.liveKib -= entry.kib;
  }
}
