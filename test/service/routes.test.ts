/**
 * Whatever is asked for: an answer comes, none says that the service failed, each refusal is a problem
 * document from the table of errors, and nothing is held in the end.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import { clearTimeout, setTimeout } from '../../src/timers.ts';
import { convert, pianoNotes, scratch } from '../audio/audio-files.ts';
import { type AnyRequest, anyRequest } from './any-request.ts';
import { serving } from './serving.ts';

const seed = Number(process.env.MILLPOND_SEED ?? Math.floor(Math.random() * 1e9));
const RUNS = Number(process.env.MILLPOND_RUNS ?? 120);
/** Ends what hangs. */
const HANGS_MS = 120_000;

const at = scratch();
const served = serving({
  maxBodyBytes: MiB,
  maxOutputBytes: 8 * MiB,
  workDirBytes: 64 * MiB,
  maxSeconds: 30,
  resultMs: 1,
  // Nothing is too late on a machine that is busy with other tests.
  waitMs: 900_000,
});
const [note] = pianoNotes();

/** Of all answers so far. */
const statuses = new Set<number>();

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Node's own client refuses to send much of it. */
function ask({ method, target, headers, body, chunked }: AnyRequest): Promise<Answer> {
  const { hostname, port } = new URL(served.url);
  const framing = chunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`;
  const head = [
    `${method} ${target} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    'connection: close',
    framing,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const parts: Buffer[] = [];
    const hangs = setTimeout(() => socket.destroy(new Error('no answer, or no end of it')), HANGS_MS);
    socket.on('data', (part: Buffer) => parts.push(part));
    // One that is refused before all of it was sent may be cut off: what was answered counts.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.once('close', () => {
      clearTimeout(hangs);
      try {
        resolve(answerOf(Buffer.concat(parts)));
      } catch (error) {
        reject(error);
      }
    });
    socket.write(Buffer.from(`${head}\r\n\r\n`, 'latin1'));
    if (chunked && body.length > 0) {
      socket.write(`${body.length.toString(16)}\r\n`);
      socket.write(body);
      socket.write('\r\n');
    } else socket.write(body);
    if (chunked) socket.write('0\r\n\r\n');
  });
}

function answerOf(bytes: Buffer): Answer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (end < 0 || !(status >= 100)) throw new Error(`no answer: ${bytes.toString('latin1', 0, 200)}`);
  const body = bytes.subarray(end + 4);
  if (status < 200) return answerOf(body);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status, headers: new Map(headers), body };
}

async function check(request: AnyRequest): Promise<void> {
  const { status, headers, body } = await ask(request);
  statuses.add(status);
  const length = headers.get('content-length');
  const isBare = request.method === 'HEAD' || status === 304 || status === 204;
  if (length !== undefined && !isBare) expect(body.length).toBe(Number(length));
  if (status < 400) return;
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(Number(length)).toBeGreaterThan(0);
  if (isBare) return;
  const text = body.toString();
  const problem = JSON.parse(text) as { code: ErrorCode; status: number; retry: boolean; rule: string };
  expect(Object.keys(ERROR_CODES)).toContain(problem.code);
  const row = ERROR_CODES[problem.code];
  expect(problem).toMatchObject({ status, retry: row.retry, title: row.rule });
  expect(row.status).toBe(status);
  expect(status === 503 || status === 504 || status < 500, text).toBe(true);
  expect(text).not.toContain(served.workDir);
  expect(text).not.toMatch(/\/proc\/|node_modules|\.ts:\d/);
}

const figure = (text: string, name: string): number =>
  Number(new RegExp(`^millpond_${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);

/** What requests hold while they last. */
async function held(): Promise<Record<string, number>> {
  const text = await (await fetch(`${served.url}/metrics`)).text();
  const places = ['coming', 'waiting', 'running short', 'running long'].map((state) =>
    figure(text, `service_places{state="${state}"}`),
  );
  return {
    places: places.reduce((sum, one) => sum + one),
    bodyBytes: figure(text, 'service_body_bytes'),
    connections: figure(text, 'service_connections'),
    results: Math.max(1, figure(text, 'service_results')),
  };
}

/** Open ones of the front, and the most of a process behind it. */
function descriptors(): { front: number; behind: number } {
  const open = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
  return { front: open(process.pid), behind: Math.max(...served.service.pids.map(open)) };
}

it('knows every route', async () => {
  const { paths } = (await (await fetch(`${served.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths).sort()).toEqual([
    '/livez',
    '/metrics',
    '/readyz',
    '/v1/analyze',
    '/v1/results/{address}',
    '/v1/transcode',
  ]);
});

it.runIf(process.platform === 'linux')(
  `any request is answered, and leaves nothing (seed ${seed})`,
  async () => {
    convert(note, at('note.mp3'), 'mp3');
    convert(note, at('note.wav'), 'wav');
    const audio = [readFileSync(note), readFileSync(at('note.mp3')), readFileSync(at('note.wav'))];
    const request = anyRequest(audio);
    // Threads open what they need once.
    const first = { method: 'POST', target: '/v1/transcode?to=flac', headers: [], chunked: false };
    await Promise.all(audio.map((body) => check({ ...first, body })));
    const before = descriptors();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
        await Promise.all(requests.map(check));
      }),
      { numRuns: RUNS, seed },
    );
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404, 405, 415]));
    // The last result is kept until there is another one.
    await expect.poll(held).toEqual({ places: 0, bodyBytes: 0, connections: 1, results: 1 });
    const after = descriptors();
    expect(after.front).toBeLessThanOrEqual(before.front + 4);
    expect(after.behind).toBeLessThanOrEqual(before.behind + 4);
    expect(readdirSync(served.workDir)).toEqual([]);
  },
);
