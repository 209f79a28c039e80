/** How answers end that did not go to plan, as the client hears and as the metrics say it. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { convert, scratch } from '../../audio/audio-files.ts';
import { silentFlac } from '../../audio/silent-flac.ts';
import { noise, wav } from '../../audio/wav.ts';
import { Connection } from './raw.ts';
import { attacked, head, NOTE, post } from './standing.ts';

const at = scratch();
const service = attacked();

/** Answers of the route for work that are none, by status: good ones are another client's. */
async function counted(): Promise<Record<string, number>> {
  const [{ body }] = (await service.attempt(head('Connection: close\r\n', '/metrics', 'GET'))).answers;
  const row = /^millpond_service_requests_total\{route="\/v1\/transcode",status="([345]\d+)"\} (\d+)$/gm;
  const found = body.toString().matchAll(row);
  return Object.fromEntries(Array.from(found, ([, status, count]) => [status, Number(count)]));
}

/** What comes to be counted by an attempt. */
async function change(attempt: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await counted();
  await attempt();
  const rises = async (): Promise<Record<string, number>> => {
    const all = Object.entries(await counted()).map(
      ([status, n]) => [status, n - (before[status] ?? 0)] as const,
    );
    return Object.fromEntries(all.filter(([, rise]) => rise > 0));
  };
  await expect.poll(rises).not.toEqual({});
  return rises();
}

/** A FLAC whose header has another number of samples than there are. */
async function lie(): Promise<Buffer> {
  writeFileSync(at('in.wav'), wav([noise(400_000, 16, 1), noise(400_000, 16, 2)]));
  convert(at('in.wav'), at('in.flac'), 'flac');
  const bytes = await readFile(at('in.flac'));
  bytes.writeUInt32BE(300_000, 22);
  return bytes;
}

it('who was refused, and leaves before its body is read away, has been answered', async () => {
  const rises = await change(async () => {
    using connection = await Connection.to(service.url);
    await connection.send(head('Content-Length: 50000\r\n', '/v1/transcode?to=nothing'));
    expect((await connection.hear(1)).answers[0].status).toBe(400);
    connection.reset();
  });
  expect(rises).toEqual({ 400: 1 });
  await service.stands();
});

it('who leaves before it is answered has not', async () => {
  const rises = await change(async () => {
    using connection = await Connection.to(service.url);
    await connection.send(head(`Content-Length: ${NOTE.length}\r\n`));
    await connection.send(NOTE.subarray(0, 500));
    connection.reset();
  });
  expect(rises).toEqual({ 499: 1 });
  await service.stands();
});

it('a stream that the service cuts off counts by what was wrong, and not as a client that left', async () => {
  const body = await lie();
  const rises = await change(async () => {
    const { answers, rest, closed } = await service.attempt(
      post(body, '/v1/transcode?to=wav&delivery=stream'),
    );
    expect({ answers, closed }).toEqual({ answers: [], closed: true });
    expect(rest.toString('latin1', 0, 15)).toBe('HTTP/1.1 200 OK');
  });
  expect(rises).toEqual({ 422: 1 });
  await service.stands();
});

it('what no waiting helps says so, and all else when to come back', async () => {
  const body = silentFlac(330);
  const lines = `Connection: close\r\nPrefer: wait=1\r\nContent-Length: ${body.length}\r\n`;
  const [never] = (await service.attempt([head(lines, '/v1/transcode?to=m4a'), body])).answers;
  expect(never).toMatchObject({ status: 503, code: 'ERR_TOO_LATE' });
  expect(never.headers['retry-after']).toBeUndefined();
  expect(JSON.parse(never.body.toString())).toMatchObject({ retry: false });
  await service.stands();
});
