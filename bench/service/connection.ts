/**
 * One connection to a server, as thin as can be: what a sender spends of the processors, the server lacks.
 * Knows only answers that have a Content-Length.
 */
import { connect, type Socket } from 'node:net';

/** A longer body is sent when the server says so: as curl does. */
const MOST_UNASKED = 2 ** 20;

interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: number;
  /** Empty unless it is kept. */
  readonly body: Buffer;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class Connection {
  readonly #port: number;
  readonly #address: string;
  readonly #keep: boolean;
  #socket: Socket | null = null;
  #waiting: Waiting | null = null;
  #head = '';
  #reply: { status: number; headers: Map<string, string>; length: number } | null = null;
  #bytes = 0;
  #body: Buffer[] = [];
  #later: readonly Buffer[] | null = null;

  /** @param address of this end: servers tell clients apart by it */
  constructor(port: number, address = '127.0.0.1', keep = false) {
    this.#port = port;
    this.#address = address;
    this.#keep = keep;
  }

  /** One after the other. @throws Error where the connection ends before the answer does */
  request(path: string, body: readonly Buffer[]): Promise<Reply> {
    const length = body.reduce((sum, { length }) => sum + length, 0);
    const expects = length > MOST_UNASKED;
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n${expects ? 'Expect: 100-continue\r\n' : ''}\r\n`;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#waiting = { resolve, reject };
    this.#socket ??= this.#connected();
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    if (expects) this.#later = body;
    else for (const piece of body) this.#socket.write(piece);
    this.#socket.uncork();
    return promise;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #connected(): Socket {
    const socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      localAddress: this.#address,
      noDelay: true,
    });
    let last: Error | null = null;
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#came(chunk);
    });
    socket.on('error', (error) => {
      last = error;
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      const waiting = this.#over();
      waiting?.reject(last ?? new Error('the connection ended before its answer'));
    });
    return socket;
  }

  #came(chunk: Buffer): void {
    let rest = chunk;
    if (this.#reply === null) {
      const before = this.#head.length;
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      rest = chunk.subarray(end + 4 - before);
      const text = this.#head.slice(0, end);
      this.#head = '';
      if (text.startsWith('HTTP/1.1 100')) {
        this.#socket?.cork();
        for (const piece of this.#later ?? []) this.#socket?.write(piece);
        this.#socket?.uncork();
        this.#later = null;
        if (rest.length > 0) this.#came(rest);
        return;
      }
      this.#reply = parseHead(text);
    }
    this.#bytes += rest.length;
    if (this.#keep) this.#body.push(rest);
    if (this.#bytes < this.#reply.length) return;
    const { status, headers, length } = this.#reply;
    const body = Buffer.concat(this.#body);
    const isWhole = this.#bytes === length;
    const waiting = this.#over();
    if (headers.get('connection') === 'close') this.close();
    if (isWhole) waiting?.resolve({ status, headers, bytes: length, body });
    else waiting?.reject(new Error('an answer was longer than it said'));
  }

  #over(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#reply = null;
    this.#head = '';
    this.#bytes = 0;
    this.#body = [];
    return waiting;
  }
}

function parseHead(text: string) {
  const [first, ...lines] = text.split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = Number(headers.get('content-length') ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without a length: ${first}`);
  return { status: Number(first.split(' ')[1]), headers, length };
}
