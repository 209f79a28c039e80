import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import type { TargetName } from '../../src/audio/plan/targets.ts';
import { convert, readAll, scratch } from '../audio/audio-files.ts';
import { noise, wav } from '../audio/wav.ts';
import { serving } from './serving.ts';

const at = scratch();
const served = serving({ maxSeconds: 30 });
/** 20 s of noise: its encoding takes a while. */
const long = wav([noise(882_000, 16, 1), noise(882_000, 16, 2)]);

interface Streamed {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  /** All came, by HTTP. */
  readonly whole: boolean;
  /** The pieces in which it came. */
  readonly pieces: number;
}

function streamed(
  query: string,
  body: Buffer,
  onData: (bytes: number) => void = () => {},
): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const url = `${served.url}/v1/transcode?delivery=stream&${query}`;
    const request = httpRequest(url, { method: 'POST' }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        onData(bytes);
      });
      answer.on('error', () => {});
      answer.once('close', () => {
        const { statusCode: status = 0, headers, complete: whole } = answer;
        resolve({ status, headers, bytes: Buffer.concat(chunks), whole, pieces: chunks.length });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

it.each([
  'opus',
  'ogg',
  'wav',
] as TargetName[])('sends %s while it is made, with the bytes of a file', async (to) => {
  writeFileSync(at('in.wav'), long);
  convert(at('in.wav'), at('out'), to, { gainDb: -1 });
  const { status, headers, bytes, whole, pieces } = await streamed(`to=${to}&gain=-1`, long);
  expect({ status, whole }).toEqual({ status: 200, whole: true });
  expect(bytes.equals(readFileSync(at('out')))).toBe(true);
  expect(headers['content-length']).toBeUndefined();
  expect(pieces).toBeGreaterThan(3);
  // It is the result of the same request without delivery, too.
  const again = await fetch(`${served.url}${headers['content-location']}`);
  expect(Buffer.from(await again.arrayBuffer()).equals(bytes)).toBe(true);
});

it.each(['flac', 'mp3'] as TargetName[])('sends %s as a variant with an address of its own', async (to) => {
  const { headers, bytes, whole } = await streamed(`to=${to}`, long);
  expect(whole).toBe(true);
  const response = await fetch(`${served.url}/v1/transcode?to=${to}`, { method: 'POST', body: long });
  const file = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('etag')).not.toBe(headers.etag);
  expect(bytes.equals(file)).toBe(false);
  writeFileSync(at('streamed'), bytes);
  writeFileSync(at('file'), file);
  if (to === 'flac') expect(readAll(at('streamed')).planes).toEqual(readAll(at('file')).planes);
});

/** 20 s of noise as FLAC, which says how many frames it has. */
function lossless(frames = 882_000): Buffer {
  writeFileSync(at('in.wav'), long);
  convert(at('in.wav'), at('in.flac'), 'flac');
  const file = readFileSync(at('in.flac'));
  file.writeUInt32BE(frames, 22);
  return file;
}

it('sends wav with its true sizes of what says its length, and as a variant of what does not', async () => {
  const known = lossless();
  writeFileSync(at('known'), known);
  convert(at('known'), at('out'), 'wav', { rate: 48_000 });
  const same = await streamed('to=wav&rate=48000', known);
  expect(same.whole).toBe(true);
  expect(same.bytes.equals(readFileSync(at('out')))).toBe(true);
  const open = lossless();
  open[21] &= 0xf0;
  open.writeUInt32BE(0, 22);
  const variant = await streamed('to=wav', open);
  expect(variant.whole).toBe(true);
  expect(variant.bytes.readUInt32LE(4)).toBe(0xffff_ffff);
  const response = await fetch(`${served.url}/v1/transcode?to=wav`, { method: 'POST', body: open });
  expect(response.headers.get('etag')).not.toBe(variant.headers.etag);
});

it.each([
  ['fewer', 700_000],
  ['more', 1_000_000],
])('cuts a wav whose source has other frames than it says, as if %s', async (_, frames) => {
  const { status, whole, bytes } = await streamed('to=wav', lossless(frames));
  expect({ status, whole }).toEqual({ status: 200, whole: false });
  expect(bytes.readUInt32LE(bytes.indexOf('data') + 4)).toBe(frames * 4);
});

it('gives all that there is to those who wait for the whole, though a stream of it is cut', async () => {
  const lie = lossless(700_000);
  const whole = async (): Promise<Buffer> => {
    const response = await fetch(`${served.url}/v1/transcode?to=wav&gain=-4`, { method: 'POST', body: lie });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };
  // They come when the stream has begun, so that it is not theirs that is given to it.
  let others: Promise<Buffer[]> | null = null;
  const cut = await streamed('to=wav&gain=-4', lie, () => {
    others ??= Promise.all([whole(), whole()]);
  });
  expect(cut.whole).toBe(false);
  const [first, second] = (await others) as unknown as Buffer[];
  expect(first.readUInt32LE(first.indexOf('data') + 4)).toBe(882_000 * 4);
  expect(second.equals(first)).toBe(true);
  // It is there by now.
  const again = await streamed('to=wav&gain=-4', lie);
  expect(again.whole).toBe(true);
  expect(again.bytes.equals(first)).toBe(true);
});

it('goes on behind what was sent where the room that the header asked for was too small', async () => {
  const { status, whole, bytes } = await streamed('to=flac&bits=24&rate=96000', lossless(1000));
  expect({ status, whole }).toEqual({ status: 200, whole: true });
  expect(bytes.length).toBeGreaterThan(6_000_000);
  writeFileSync(at('streamed'), bytes);
  expect(readAll(at('streamed')).frames).toBe(1_920_000);
});

it('says of what cannot be sent so what can', async () => {
  const { status, bytes } = await streamed('to=m4a', long);
  expect(status).toBe(422);
  expect(JSON.parse(`${bytes}`)).toMatchObject({
    code: 'ERR_AUDIO_UNSUPPORTED',
    remedy: expect.stringContaining('Leave delivery out'),
  });
});

it('answers what fails before the first byte by a problem document', async () => {
  const { status, headers } = await streamed('to=opus', Buffer.from('no audio'));
  expect(status).toBe(415);
  expect(headers['content-type']).toBe('application/problem+json');
});

it('makes the same bytes again where a process dies in the middle, and goes on behind what was sent', async () => {
  writeFileSync(at('in.wav'), long);
  convert(at('in.wav'), at('out'), 'opus', { gainDb: -3 });
  let killed = false;
  const { bytes, whole } = await streamed('to=opus&gain=-3', long, () => {
    if (killed) return;
    killed = true;
    for (const pid of served.service.pids) process.kill(pid, 'SIGKILL');
  });
  expect(killed).toBe(true);
  expect(whole).toBe(true);
  expect(bytes.equals(readFileSync(at('out')))).toBe(true);
});

it('cuts the connection of one that fails in the middle, which never looks whole', async () => {
  // It is longer than may be, and does not say how long it is.
  writeFileSync(at('in.wav'), wav([noise(44_100 * 40, 16)]));
  convert(at('in.wav'), at('out'), 'flac');
  const open = readFileSync(at('out'));
  open[21] &= 0xf0;
  open.fill(0, 22, 26);
  const { status, whole, bytes } = await streamed('to=opus', open);
  expect({ status, whole }).toEqual({ status: 200, whole: false });
  expect(bytes.length).toBeGreaterThan(0);
});
