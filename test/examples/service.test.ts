/** The example of a service, over real sockets: whole uploads, cut ones, slow readers, and too many. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { to16, tone, wav } from '../audio/wav.ts';
import { checkout, millpond, pianoReleases, scratch } from '../e2e/millpond.ts';

const MiB = 1024 * 1024;
const folder = scratch();
const song = readFileSync(join(pianoReleases, 'rel1.ogg'));
const long = wav([to16(tone(44_100 * 120, 44_100, 440))], { rate: 44_100 });

let child: ChildProcess;
let url = '';
let lines: AsyncIterator<string>;

beforeAll(async () => {
  child = spawn(
    process.execPath,
    ['--conditions=millpond-source', join(checkout, 'examples/service/main.ts'), '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  url = (await lines.next()).value;
});

afterAll(() => void child.kill('SIGKILL'));

function open(path: string, headers: Record<string, string | number> = {}): ClientRequest {
  return request(`${url}${path}`, { method: 'POST', headers, agent: false });
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(sent, 'response');
  return response;
}

async function post(
  path: string,
  body: Uint8Array,
): Promise<{ status: number; body: Buffer; response: IncomingMessage }> {
  const sent = open(path, { 'content-length': body.length });
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
      // Of one client eight may wait, beside those that run.
      expect([200, 503]).toContain(status);
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

  it('takes no more than it can hold, and goes on when those have gone that held it', async () => {
    const holders = [1, 2].map(() => open('/transcode?to=mp3', { 'content-length': 32 * MiB }));
    for (const holder of holders) {
      holder.on('error', () => {});
      holder.write(Buffer.alloc(MiB));
    }
    await expect.poll(async () => (await post('/transcode?to=flac', song)).status).toBe(429);
    const { response } = await post('/transcode?to=flac', song);
    expect(response.headers['retry-after']).toBe('1');
    // Cut off in the middle.
    for (const holder of holders) holder.destroy();
    await expect.poll(async () => (await post('/transcode?to=flac', song)).status).toBe(200);
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

  it('ends with nothing left', async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await lines.next()).value).toBe('closed, 0 bytes left');
    expect((await ended)[0]).toBe(0);
  });
});
