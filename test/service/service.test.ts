import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { expect, it } from 'vitest';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, pianoNotes, scratch } from '../audio/audio-files.ts';
import { noise, wav } from '../audio/wav.ts';
import { serving } from './serving.ts';

const at = scratch();
const served = serving();
const [note] = pianoNotes();
const noteBytes = readFileSync(note);
/** 4 s of noise in stereo: 700 KB, more than goes into leases. */
const large = wav([noise(176_400, 16, 1), noise(176_400, 16, 2)]);

const post = (path: string, body: RequestInit['body'], init: RequestInit = {}): Promise<Response> =>
  fetch(`${served.url}${path}`, { method: 'POST', body, ...init });
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

/** What the command makes of it. */
function asFile(input: Buffer, to: TargetName, settings: object = {}): Buffer {
  writeFileSync(at('in'), input);
  convert(at('in'), at(`out.${to}`), to, settings);
  return readFileSync(at(`out.${to}`));
}

it.each(Object.keys(TARGETS) as TargetName[])('makes the bytes that the command makes, of %s', async (to) => {
  for (const body of [noteBytes, large]) {
    const response = await post(`/v1/transcode?to=${to}`, body);
    expect(response.status).toBe(200);
    const made = await bytesOf(response);
    expect(made.equals(asFile(body, to))).toBe(true);
    expect(response.headers.get('content-length')).toBe(`${made.length}`);
  }
});

it('takes the options of the command by their names', async () => {
  const query = 'to=mp3&rate=22050&channels=1&bitrate=48k&gain=-6&fade-in=0.1&fade-out=0.2';
  const response = await post(`/v1/transcode?${query}`, noteBytes);
  expect(response.status).toBe(200);
  const settings = {
    rate: 22_050,
    channels: 1,
    bitrate: 48_000,
    gainDb: -6,
    fadeInSeconds: 0.1,
    fadeOutSeconds: 0.2,
  };
  expect((await bytesOf(response)).equals(asFile(noteBytes, 'mp3', settings))).toBe(true);
});

it('takes a form with one file, and calls the download as the client called that', async () => {
  const form = new FormData();
  form.append('note', 'passed over');
  form.append('audio', new Blob([noteBytes]), '../../Ünter "weg"\r\n.ogg');
  const response = await post('/v1/transcode?to=flac', form);
  expect(response.status).toBe(200);
  expect((await bytesOf(response)).equals(asFile(noteBytes, 'flac'))).toBe(true);
  const disposition = response.headers.get('content-disposition') as string;
  expect(disposition).toMatch(
    /^attachment; filename="[\w .()[\]-]+\.flac"; filename\*=UTF-8''%C3%9Cnter[\w%.-]+\.flac$/,
  );
  expect(disposition).not.toMatch(/[/\\]|%2F|%0/);
});

it('takes a body of chunks, whose length nobody says', async () => {
  const response = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(`${served.url}/v1/transcode?to=wav`, { method: 'POST' }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode as number));
    });
    request.once('error', reject);
    for (let from = 0; from < large.length; from += 100_000)
      request.write(large.subarray(from, from + 100_000));
    request.end();
  });
  expect(response).toBe(200);
});

it('measures', async () => {
  const response = await post('/v1/analyze', noteBytes);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    schema: 'millpond.analysis/1',
    codec: 'vorbis',
    channels: 2,
  });
});

it('gives a result again, in parts, and says that it is the same', async () => {
  const response = await post('/v1/transcode?to=opus', noteBytes);
  const whole = await bytesOf(response);
  const etag = response.headers.get('etag') as string;
  const location = response.headers.get('content-location') as string;
  expect(location).toBe(`/v1/results/${etag.replaceAll('"', '')}`);
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${served.url}${location}`, { headers, method });
  expect((await bytesOf(await get())).equals(whole)).toBe(true);
  expect((await get({ 'if-none-match': `W/"x", ${etag}` })).status).toBe(304);
  const size = whole.length;
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    ['bytes=10-99', 10, 100],
    ['bytes=-5', size - 5, size],
    [`bytes=${size - 1}-`, size - 1, size],
    [`bytes=5-${size * 2}`, 5, size],
  ] as const) {
    const part = await get({ range });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${size}`);
    expect((await bytesOf(part)).equals(whole.subarray(from, to))).toBe(true);
  }
  // Of another one nothing is in parts; several are answered with all.
  expect((await get({ range: 'bytes=0-9', 'if-range': '"another"' })).status).toBe(200);
  expect((await get({ range: 'bytes=0-1,4-5' })).status).toBe(200);
  expect((await get({ range: `bytes=${size}-` })).status).toBe(416);
  const head = await get({}, 'HEAD');
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe(`${size}`);
  expect((await bytesOf(head)).length).toBe(0);
});

it('makes what several ask for at once only once', async () => {
  const before = succeeded(await metrics());
  const bodies = await Promise.all(
    Array.from({ length: 6 }, async () => bytesOf(await post('/v1/transcode?to=m4a&gain=-1', noteBytes))),
  );
  for (const body of bodies) expect(body.equals(bodies[0])).toBe(true);
  expect(succeeded(await metrics()) - before).toBe(1);
});

it.each([
  ['to=flac', 'no audio at all', 415, 'ERR_AUDIO_OPEN'],
  ['to=flac', '', 415, 'ERR_AUDIO_OPEN'],
  ['to=nothing', noteBytes, 400, 'ERR_INVALID_ARGUMENT'],
  ['to=flac&rat=44100', noteBytes, 400, 'ERR_INVALID_ARGUMENT'],
  ['to=flac&rate=7', noteBytes, 400, 'ERR_INVALID_ARGUMENT'],
  ['', noteBytes, 400, 'ERR_INVALID_ARGUMENT'],
])('refuses what is asked for by %j, with a problem document', async (query, body, status, code) => {
  const response = await post(`/v1/transcode?${query}`, body);
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, code, type: `urn:millpond:error:${code}` });
  // Neither the rule nor the detail names what is ours.
  expect(JSON.stringify(problem)).not.toContain(served.workDir);
  expect(JSON.stringify(problem)).not.toContain('/proc/');
});

it('keeps nothing in its work directory that anybody could find', () => {
  expect(readdirSync(served.workDir)).toEqual([]);
});

async function metrics(): Promise<string> {
  return (await fetch(`${served.url}/metrics`)).text();
}

function succeeded(text: string): number {
  return Number(/^millpond_tasks_ended_total\{state="succeeded"\} (\d+)$/m.exec(text)?.[1]);
}
