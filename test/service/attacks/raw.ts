/** A client that sends whatever bytes it likes, and hears all that is answered. */
import { connect, type Socket } from 'node:net';
import { clearTimeout, setTimeout } from '../../../src/timers.ts';

interface Answer {
  readonly status: number;
  /** By their names in small letters; the last of several. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Of a problem document. */
  readonly code: string | null;
}

export interface Heard {
  /** One after another, as on one connection. */
  readonly answers: readonly Answer[];
  /** Of an answer that did not come whole. */
  readonly rest: Buffer;
  /** The service ended the connection. */
  readonly closed: boolean;
}

/** Ends what hangs. */
const HANGS_MS = 60_000;

export type Part = string | Buffer | ((connection: Connection) => unknown);

/** One connection of a client's. */
export class Connection implements Disposable {
  readonly socket: Socket;
  readonly #parts: Buffer[] = [];
  #closed = false;
  #changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#parts.push(bytes);
      this.#changed();
    });
    // What a service cuts off is no fault of this client's.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#changed();
    });
    socket.on('end', () => {
      this.#closed = true;
      this.#changed();
    });
  }

  static async to(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Connection(socket);
  }

  /** Resolves when the system took the bytes, or will take none any more. */
  async send(bytes: string | Buffer): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    // Of a connection that is over the system takes none.
    await new Promise<void>((resolve) => {
      if (this.socket.destroyed || !this.socket.writable) resolve();
      else this.socket.write(data, () => resolve());
    });
  }

  get heard(): Heard {
    const all = Buffer.concat(this.#parts);
    // That it is destroyed is known before the event tells.
    const closed = this.#closed || this.socket.destroyed;
    return { ...parsed(all, closed), closed };
  }

  /** Resolves with so many answers, or when the service ends the connection. */
  async hear(answers = Number.POSITIVE_INFINITY): Promise<Heard> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        late.reject(new Error(`nothing more came: ${Buffer.concat(this.#parts).toString('latin1', 0, 500)}`)),
      HANGS_MS,
    );
    try {
      for (;;) {
        const heard = this.heard;
        if (heard.closed || heard.answers.length >= answers) return heard;
        await Promise.race([
          late.promise,
          new Promise<void>((resolve) => {
            this.#changed = resolve;
          }),
        ]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** As a process that dies: what was not read is lost. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** All that is answered to these bytes, until the connection ends or so many answers are there. */
export async function attempt(url: string, parts: Part | readonly Part[], answers?: number): Promise<Heard> {
  using connection = await Connection.to(url);
  for (const part of Array.isArray(parts) ? parts : [parts]) {
    if (typeof part === 'function') await part(connection);
    else await connection.send(part);
  }
  return await connection.hear(answers);
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function parsed(bytes: Buffer, closed: boolean): { answers: Answer[]; rest: Buffer } {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) return { answers, rest };
    const [first, ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const from = end + HEAD_END.length;
    const bare = status < 200 || status === 204 || status === 304;
    const length = bare ? 0 : headers['content-length'];
    // Of chunks the last one has to be there: else they were cut off.
    const chunked = !bare && headers['transfer-encoding'] === 'chunked';
    if (chunked && !rest.subarray(-5).equals(LAST_CHUNK)) return { answers, rest };
    if (!chunked && length === undefined && !closed) return { answers, rest };
    const to = length === undefined ? rest.length : from + Number(length);
    if (to > rest.length) return { answers, rest };
    const body = rest.subarray(from, to);
    answers.push({ status, headers, body, code: codeOf(headers, body) });
    rest = rest.subarray(to);
  }
}

function codeOf(headers: Readonly<Record<string, string>>, body: Buffer): string | null {
  if (headers['content-type'] !== 'application/problem+json') return null;
  return (JSON.parse(body.toString()) as { code: string }).code;
}
