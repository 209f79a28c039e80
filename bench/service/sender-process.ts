/**
 * Sends on a schedule that no answer changes (open loop), or the next request as soon as a connection is
 * free. Latency counts from when a request was to be sent: one that waits for a connection is not sent late,
 * but slow.
 */
import { type Body, loadBody } from './bodies.ts';
import { Connection } from './connection.ts';

export interface Kind {
  readonly name: string;
  /** With its query. */
  readonly path: string;
  readonly files: readonly string[];
  /** Of each file; all without. */
  readonly seconds?: number;
  /** How often, beside the others. */
  readonly weight: number;
}

export interface SenderOptions {
  readonly port: number;
  readonly connections: number;
  /** Requests a second; null for as many as the connections can. */
  readonly rate: number | null;
  readonly seconds: number;
  /** Ends before its time when so many were sent. */
  readonly most?: number;
  readonly kinds: readonly Kind[];
  /** The number of the first body, which no two may share. Null: the same body each time. */
  readonly from: number | null;
  /** A connection that is told to come back later rests so long at the most. */
  readonly mostRestMs?: number;
  /** As so many clients, each with an address of its own. */
  readonly clients: number;
  readonly seed: number;
}

/** Milliseconds, since the start where they are times. */
export interface Sent {
  readonly kind: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly bodyBytes: number;
  readonly dueMs: number;
  readonly sentMs: number;
  readonly endMs: number;
  /** As `Server-Timing` has them. */
  readonly timing: Readonly<Record<string, number>>;
}

export interface SenderResult {
  readonly sent: readonly Sent[];
  /** That were due and found no connection. */
  readonly unsent: number;
  readonly cpuMs: number;
}

async function main(options: SenderOptions): Promise<SenderResult> {
  const { port, connections, rate, seconds, kinds, clients } = options;
  const { most = Number.POSITIVE_INFINITY, mostRestMs = 2_000 } = options;
  const random = randomOf(options.seed);
  const bodies = kinds.map(({ files, seconds: length }) => files.map((file) => loadBody(file, length)));
  let weights = 0;
  const ends = kinds.map(({ weight }) => {
    weights += weight;
    return weights;
  });
  const free = Array.from({ length: connections }, (_, at) => {
    return new Connection(port, `127.0.0.${1 + (at % clients)}`);
  });
  const sent: Sent[] = [];
  const under = new Set<Promise<void>>();
  const before = process.cpuUsage();
  const startMs = performance.now();
  const elapsed = (): number => performance.now() - startMs;
  let count = 0;
  let wake = (): void => {};

  const choose = (): { kind: Kind; body: Body } => {
    const mark = random() * weights;
    const found = ends.findIndex((end) => mark < end);
    const at = found < 0 ? kinds.length - 1 : found;
    return { kind: kinds[at], body: bodies[at][Math.floor(random() * bodies[at].length)] };
  };
  const send = async (connection: Connection, dueMs: number): Promise<void> => {
    const { kind, body } = choose();
    const pieces = body(options.from === null ? 0 : options.from + count);
    count++;
    const bodyBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const sentMs = elapsed();
    const about = { kind: kind.name, bodyBytes, dueMs, sentMs };
    let restMs = 0;
    try {
      const { status, headers } = await connection.request(kind.path, pieces);
      sent.push({ ...about, status, endMs: elapsed(), timing: timingOf(headers.get('server-timing')) });
      // Who is told to come back later does so, unless the schedule says otherwise.
      if (rate === null && status !== 200) restMs = Number(headers.get('retry-after') ?? 0) * 1000;
    } catch {
      connection.close();
      sent.push({ ...about, status: 0, endMs: elapsed(), timing: {} });
    }
    if (restMs > 0) await pause(Math.min(restMs, mostRestMs, Math.max(0, seconds * 1000 - elapsed())));
    free.push(connection);
    wake();
  };

  let due = 0;
  while (elapsed() < seconds * 1000 && due < most) {
    const dueMs = rate === null ? elapsed() : (due * 1000) / rate;
    if (dueMs >= seconds * 1000) break;
    if (dueMs > elapsed()) await pause(dueMs - elapsed());
    if (free.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    if (elapsed() >= seconds * 1000 && rate === null) break;
    const connection = free.shift() as Connection;
    const one = send(connection, rate === null ? elapsed() : dueMs);
    under.add(one);
    void one.then(() => under.delete(one));
    due++;
  }
  await Promise.all(under);
  for (const connection of free) connection.close();
  const { user, system } = process.cpuUsage(before);
  const planned = rate === null ? due : Math.min(most, Math.ceil(rate * seconds));
  return { sent, unsent: planned - due, cpuMs: (user + system) / 1000 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function timingOf(header = ''): Record<string, number> {
  const parts = Array.from(header.matchAll(/(\w+);dur=([\d.]+)/g), ([, name, ms]) => [name, Number(ms)]);
  return Object.fromEntries(parts);
}

/** The same requests in each run. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2]))));
