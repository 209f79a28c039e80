/** The example of a service, over real sockets: whole uploads, cut ones, slow readers, and too many. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';
import { silentFlac } from '../audio/silent-flac.ts';
import { to16, tone, wav } from '../audio/wav.ts';
import { checkout, millpond, pianoReleases, scratch } from '../e2e/millpond.ts';

const MiB = 1024 * 1024;
const folder = scratch();
const song = readFileSync(join(pianoReleases, 'rel1.ogg'));
const long = wav([to16(tone(44_100 * 120, 44_100, 440))], { rate: 44_100 });

let child: ChildProcess;
let url = '';
let spool = '';
/** On stderr. */
let said = '';
let lines: AsyncIterator<string>;

beforeAll(async () => {
  spool = folder('spool');
  mkdirSync(spool);
  child = spawn(
    process.execPath,
    // It gives those that stall no time once it is to end.
    ['--conditions=millpond-source', join(checkout, 'examples/service/main.ts'), '0', '0'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: spool } },
  );
  lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  child.stderr!.on('data', (text) => {
    said += text;
  });
  url = (await lines.next()).value;
});

afterAll(() => void child.kill('SIGKILL'));

/** Of another client where it is from another address; Linux has all of 127.0.0.0/8. */
function open(
  path: string,
  headers: Record<string, string | number> = {},
  localAddress = '127.0.0.1',
): ClientRequest {
  return request(`${url}${path}`, { method: 'POST', headers, agent: false, localAddress });
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(sent, 'response');
  return response;
}

async function post(
  path: string,
  body: Uint8Array,
  from?: string,
): Promise<{ status: number; body: Buffer; response: IncomingMessage }> {
  const sent = open(path, { 'content-length': body.length }, from);
  sent.on('error', () => {});
  sent.end(body);
  const response = await answerTo(sent);
  return { status: response.statusCode as number, body: await buffer(response), response };
}

async function get(path: string): Promise<string> {
  const response = await fetch(`${url}${path}`);
  expect(response.status).toBe(200);
  return response.text();
}

/** Bytes under leases of all sizes, on loan or not. */
async function leasedBytes(): Promise<number> {
  const lines = (await get('/metrics')).split('\n');
  const held = lines.filter((line) => /^millpond_memory_(used|loaned)_bytes/.test(line));
  expect(held).toHaveLength(5);
  return held.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('the service', () => {
  it('answers with the bytes that the command makes of the same file', async () => {
    const { status, body, response } = await post('/transcode?to=flac', song);
    expect([status, response.headers['content-type']]).toEqual([200, 'audio/flac']);
    const made = folder('made');
    expect(
      (await millpond('transcode', join(pianoReleases, 'rel1.ogg'), '--to', 'flac', '--out', made)).code,
    ).toBe(0);
    expect(body.equals(readFileSync(join(made, 'rel1.flac')))).toBe(true);
  });

  it('makes many at once, of many formats, each its own', async () => {
    const formats = ['flac', 'wav', 'mp3', 'opus', 'ogg'];
    const alone = await Promise.all(formats.map((to) => post(`/transcode?to=${to}`, song)));
    const together = await Promise.all(
      Array.from({ length: 20 }, (_, at) => post(`/transcode?to=${formats[at % formats.length]}`, song)),
    );
    for (const [at, { status, body }] of together.entries()) {
      // Of one client eight are taken at once.
      expect([200, 429]).toContain(status);
      if (status === 200) expect(body.equals(alone[at % formats.length].body)).toBe(true);
    }
  });

  it.each([
    ['an unknown format', '/transcode?to=exe', song, 400],
    ['no format', '/transcode', song, 400],
    ['what is no audio', '/transcode?to=mp3', Buffer.from('x'.repeat(100_000)), 415],
    ['half an audio file', '/transcode?to=mp3', long.subarray(0, 20), 415],
    ['a playlist', '/transcode?to=mp3', Buffer.from('#EXTM3U\n/etc/passwd\n'), 415],
  ])('refuses %s', async (_what, path, body, status) => {
    expect((await post(path, body)).status).toBe(status);
  });

  it('refuses an upload without a length, and one that is too long, before it comes', async () => {
    const chunked = open('/transcode?to=mp3', { 'transfer-encoding': 'chunked' });
    chunked.on('error', () => {});
    chunked.write('a');
    expect((await answerTo(chunked)).statusCode).toBe(411);
    chunked.destroy();
    const large = open('/transcode?to=mp3', { 'content-length': 33 * MiB });
    large.on('error', () => {});
    large.flushHeaders();
    expect((await answerTo(large)).statusCode).toBe(413);
    large.destroy();
  });

  const stalling: ClientRequest[] = [];
  /** Cut off in the middle. */
  const cutOff = (): void => {
    for (const holder of stalling.splice(0)) holder.destroy();
  };
  afterEach(cutOff);

  /** Uploads of a client that stop at their beginning, once they are accepted. */
  async function stall(from: string, count: number, length: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const holder = open('/transcode?to=mp3', { 'content-length': length, expect: '100-continue' }, from);
        holder.on('error', () => {});
        holder.flushHeaders();
        stalling.push(holder);
        const refused = once(holder, 'response').then(([response]) => Promise.reject(response.statusCode));
        await Promise.race([once(holder, 'continue'), refused]);
        refused.catch(() => {});
        holder.write('a');
      }),
    );
  }

  it.each([
    ['bytes', 1, 32 * MiB],
    ['requests', 8, 2],
  ])('takes so many %s of one client, and goes on for it when they have gone', async (_what, count, length) => {
    await stall('127.0.0.1', count, length);
    const { status, response } = await post('/transcode?to=flac', song);
    expect([status, response.headers['retry-after']]).toEqual([429, '1']);
    cutOff();
    await expect.poll(async () => (await post('/transcode?to=flac', song)).status).toBe(200);
  });

  it.runIf(process.platform === 'linux')(
    'works for others whatever one client holds, and takes no more of all than it can hold',
    async () => {
      for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']) {
        expect((await post('/transcode?to=flac', song)).status).toBe(200);
        await stall(from, 1, 32 * MiB);
      }
      const { status, response } = await post('/transcode?to=flac', song);
      expect([status, response.headers['retry-after']]).toEqual([503, '1']);
      cutOff();
      await expect.poll(async () => (await post('/transcode?to=flac', song)).status).toBe(200);
      await expect.poll(leasedBytes).toBe(0);
    },
  );

  it('invites no body that it refuses', async () => {
    const large = open('/transcode?to=mp3', { 'content-length': 33 * MiB, expect: '100-continue' });
    let invited = false;
    large.on('error', () => {}).on('continue', () => (invited = true));
    large.flushHeaders();
    expect([(await answerTo(large)).statusCode, invited]).toEqual([413, false]);
    large.destroy();
  });

  it('lets those that it refuses send what they have begun to, so that they read why', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const length = 20 * MiB;
    socket.write(`POST /transcode?to=exe HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 400 /);
    socket.write(Buffer.alloc(length));
    socket.write('GET /live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });

  it('ends a task whose response would be many times its upload', async () => {
    const silence = silentFlac(513);
    expect(silence.length).toBeLessThan(20_000);
    const { status, body } = await post('/transcode?to=wav', silence);
    expect([status, String(body)]).toEqual([413, expect.stringContaining('512')]);
    await expect.poll(leasedBytes).toBe(0);
  });

  it('keeps to itself what went wrong in here', async () => {
    rmdirSync(spool);
    const { status, body } = await post('/transcode?to=wav', long);
    mkdirSync(spool);
    expect([status, JSON.parse(String(body))]).toEqual([507, { message: ERROR_CODES.ERR_OUTPUT_WRITE.rule }]);
    await expect.poll(() => said).toContain(spool);
    expect((await post('/transcode?to=wav', long)).status).toBe(200);
  });

  it('sends a slow reader its own bytes, and stops for one that goes in the middle', async () => {
    const { body: whole } = await post('/transcode?to=wav', long);
    expect(whole.length).toBeGreaterThan(long.length - 1);
    const slow = open('/transcode?to=wav', { 'content-length': long.length });
    slow.end(long);
    const response = await answerTo(slow);
    // Others work meanwhile, in the same memory.
    await Promise.all([1, 2, 3].map(() => post('/transcode?to=flac', song)));
    expect((await buffer(response)).equals(whole)).toBe(true);
    const goes = open('/transcode?to=wav', { 'content-length': long.length });
    goes.on('error', () => {});
    goes.end(long);
    (await answerTo(goes)).destroy();
    await expect.poll(leasedBytes).toBe(0);
  });

  it('tells probes that it is well', async () => {
    expect(await get('/live')).toBe('');
    expect(await get('/ready')).toBe('');
    expect(await get('/metrics')).toMatch(/millpond_tasks/);
  });

  it('ends with nothing left, whoever stalls', async () => {
    await stall('127.0.0.1', 1, MiB);
    // Each is answered before the service is told to end, so it has seen what came before.
    const { port } = new URL(url);
    for (const begun of [
      'POST /transcode HTTP/1.1\r\nho',
      'POST /no HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\na',
    ]) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
      socket.write(`GET /live HTTP/1.1\r\nhost: a\r\n\r\n${begun}`);
      await once(socket, 'data');
    }
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await lines.next()).value).toBe('closed, 0 bytes left');
    expect((await ended)[0]).toBe(0);
  });
});
