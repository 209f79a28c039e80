/**
 * Between machines and their NFS server: passes everything on, and can lose the answer to a LINK or a RENAME
 * that the server has done. Owns its connections. Reads of NFS 4.1 (RFC 8881) as much as tells what is asked.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

const NFS = 100_003;
const COMPOUND = 1;
/** Of operations, and the bytes of what they are given; -1: a string. */
const SIZES = new Map([
  [53, 32], // SEQUENCE
  [22, -1], // PUTFH
  [32, 0], // SAVEFH
]);
const CHANGES = new Map([
  [11, 'link'],
  [29, 'rename'],
]);
type Change = 'link' | 'rename';

export class AnswerLoser implements AsyncDisposable {
  readonly #port: number;
  readonly #server = createServer((client) => this.#serve(client));
  readonly #open = new Set<Socket>();
  #waiting: { change: Change; lost: () => void } | null = null;

  /** @param port of the server, on loopback */
  constructor(port: number) {
    this.#port = port;
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '0.0.0.0');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  /** The next such change is done, and nobody hears of it: all connections end. */
  async lose(change: Change, lost: () => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = {
      change,
      lost: () => {
        this.cut();
        lost();
        resolve();
      },
    };
    await promise;
  }

  forgive(): void {
    this.#waiting = null;
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
  }

  #serve(client: Socket): void {
    const server = connect(this.#port, '127.0.0.1');
    /** Of calls whose answers are to be lost. */
    const doomed = new Map<number, () => void>();
    const calls = new Records((record) => {
      const change = changeOf(record);
      if (change !== null && change === this.#waiting?.change) {
        doomed.set(record.readUInt32BE(4), this.#waiting.lost);
        this.#waiting = null;
      }
    });
    const answers = new Records((record) => {
      const lost = doomed.get(record.readUInt32BE(4));
      if (lost === undefined) client.write(record);
      else lost();
    });
    client.on('data', (bytes: Buffer) => {
      calls.add(bytes);
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => answers.add(bytes));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }
}

/** Cuts a stream into records (RFC 5531); each is handed over with its mark. */
class Records {
  readonly #take: (record: Buffer) => void;
  #bytes = Buffer.alloc(0);

  constructor(take: (record: Buffer) => void) {
    this.#take = take;
  }

  add(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4) {
      const length = 4 + (this.#bytes.readUInt32BE(0) & 0x7fff_ffff);
      if (this.#bytes.length < length) return;
      this.#take(this.#bytes.subarray(0, length));
      this.#bytes = this.#bytes.subarray(length);
    }
  }
}

/** What a call changes, if that is one of those that can be lost. */
function changeOf(record: Buffer): Change | null {
  let at = 8;
  const word = (): number => {
    at += 4;
    return record.readUInt32BE(at - 4);
  };
  const skipString = (): void => {
    const length = word();
    at += Math.ceil(length / 4) * 4;
  };
  if (word() !== 0) return null;
  word();
  const [program, , procedure] = [word(), word(), word()];
  if (program !== NFS || procedure !== COMPOUND) return null;
  for (let string = 0; string < 2; string++) {
    word();
    skipString();
  }
  skipString();
  word();
  for (let left = word(); left > 0; left--) {
    const operation = word();
    const change = CHANGES.get(operation);
    if (change !== undefined) return change as Change;
    const size = SIZES.get(operation);
    if (size === undefined) return null;
    if (size < 0) skipString();
    else at += size;
  }
  return null;
}
