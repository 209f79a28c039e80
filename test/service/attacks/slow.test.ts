/**
 * Clients that take their time, in either direction, all at once: each is let go of within seconds, whatever
 * it has begun. What they wait for are the service's own limits.
 */
import { expect, test } from 'vitest';
import { sleep } from '../../../src/timers.ts';
import { silentFlac } from '../../audio/silent-flac.ts';
import { Connection, type Part } from './raw.ts';
import { attacked, HOST, head, JUNK, LIVE, NOTE, post, told } from './standing.ts';

const service = attacked();
const TOO_SLOW = '408 ERR_BODY_TOO_SLOW, closed';
/** One byte after the other, until the service has enough of it. */
const drip =
  (bytes: string | Buffer, eachMs: number): Part =>
  async (connection) => {
    for (const byte of Buffer.from(bytes as string)) {
      if (connection.heard.closed) return;
      await connection.send(Buffer.from([byte]));
      await sleep(eachMs);
    }
  };
const FORM = head('Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000\r\n');
const PART = '--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n';
const CHUNKED = head('Transfer-Encoding: chunked\r\n');
const A_HEAD = `GET /livez HTTP/1.1\r\n${HOST}X: ${'a'.repeat(200)}`;

const SLOW: readonly (readonly [name: string, parts: readonly Part[], told: string])[] = [
  ['nothing at all', [], TOO_SLOW],
  ['a head, byte by byte', [drip(A_HEAD, 200)], TOO_SLOW],
  ['a head, line by line', [`GET /livez HTTP/1.1\r\n${HOST}`, lines()], TOO_SLOW],
  ['half a head', ['GET /livez HT'], TOO_SLOW],
  ['empty lines', [drip('\r\n'.repeat(100), 200)], TOO_SLOW],
  [
    'a second head, byte by byte',
    [LIVE, (connection) => connection.hear(1), drip(A_HEAD, 200)],
    `200, ${TOO_SLOW}`,
  ],
  ['a second head behind work', [post(NOTE), drip(A_HEAD, 200)], `200, ${TOO_SLOW}`],
  ['half a body', [head(`Content-Length: ${NOTE.length}\r\n`), NOTE.subarray(0, 500)], TOO_SLOW],
  ['half a large body', [head('Content-Length: 3000000\r\n'), Buffer.alloc(50_000)], TOO_SLOW],
  ['no body', [head(`Content-Length: ${NOTE.length}\r\n`)], TOO_SLOW],
  ['a body, byte by byte', [head('Content-Length: 5000\r\n'), drip(JUNK, 100)], TOO_SLOW],
  ['half of the chunks', [CHUNKED, '5\r\nabcde\r\n'], TOO_SLOW],
  ['half the size of a chunk', [CHUNKED, '5'], TOO_SLOW],
  ['half a chunk', [CHUNKED, '500\r\nabc'], TOO_SLOW],
  ['a chunk for each byte', [CHUNKED, drippedChunks()], TOO_SLOW],
  ['the extensions of a chunk, byte by byte', [CHUNKED, drip(`5;${'a'.repeat(200)}`, 100)], TOO_SLOW],
  [
    'the trailers, byte by byte',
    [CHUNKED, '5\r\nabcde\r\n0\r\n', drip(`X: ${'a'.repeat(200)}`, 100)],
    TOO_SLOW,
  ],
  [
    'no body behind 100 Continue',
    [head('Expect: 100-continue\r\nContent-Length: 5000\r\n')],
    `100, ${TOO_SLOW}`,
  ],
  ['half the head of a part', [FORM, '--b\r\nContent-Disp'], TOO_SLOW],
  ['what stands before a form, byte by byte', [FORM, drip('a'.repeat(300), 100)], TOO_SLOW],
  ['half a file', [FORM, PART, 'abc'], TOO_SLOW],
  [
    'a field, byte by byte',
    [FORM, '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n', drip('a'.repeat(300), 100)],
    TOO_SLOW,
  ],
  ['no body, to nowhere', [head('Content-Length: 50\r\n', '/nowhere')], '404 ERR_NOT_FOUND, closed'],
  [
    'no body, behind what is only looked at',
    [head('Content-Length: 50\r\n', '/livez', 'GET')],
    '200, closed',
  ],
  ['no more, behind what is no HTTP', ['GARBAGE\r\n\r\n'], '400 ERR_HTTP_INVALID, closed'],
];

function lines(): Part {
  return async (connection) => {
    while (!connection.heard.closed) {
      await connection.send('X-A: b\r\n');
      await sleep(200);
    }
  };
}

function drippedChunks(): Part {
  return async (connection) => {
    while (!connection.heard.closed) {
      await connection.send('1\r\na\r\n');
      await sleep(100);
    }
  };
}

/** More bodies that do not come are work that has no room. */
const AT_ONCE = 6;

test('Who sends slowly is told so, and the others are served meanwhile', async () => {
  for (let from = 0; from < SLOW.length; from += AT_ONCE) {
    const some = SLOW.slice(from, from + AT_ONCE);
    const done = Promise.all(
      some.map(async ([name, parts]) => [name, told(await service.attempt(parts))] as const),
    );
    expect(told(await service.attempt(post(NOTE), 1))).toBe('200, open');
    expect(await done).toEqual(some.map(([name, , answer]) => [name, answer]));
  }
  await service.stands();
}, 120_000);

/** 14 MB of WAV, more than the system keeps for a connection. */
const LONG = silentFlac(14);
const GOES: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['a result', post(LONG)],
  ['what is made meanwhile', post(LONG, '/v1/transcode?to=wav&delivery=stream')],
  ['two results behind each other', Buffer.concat([post(LONG), post(LONG, '/v1/transcode?to=wav&gain=-1')])],
];

test.each(GOES)(
  'Who reads nothing of %s is cut off, and hears no end that looks whole',
  async (_, bytes) => {
    using connection = await Connection.to(service.url);
    connection.socket.pause();
    await connection.send(bytes);
    // The answer fills what the system keeps of it, and then nothing goes on. In the end nothing is left.
    await service.stands(30_000);
    connection.socket.resume();
    const { answers, closed } = await connection.hear();
    expect(answers).toEqual([]);
    expect(closed).toBe(true);
  },
  60_000,
);

test('Who stops reading while requests go on without end is cut off', async () => {
  using connection = await Connection.to(service.url);
  connection.socket.pause();
  const many = Buffer.from(head('', '/openapi.json', 'GET').repeat(2000));
  for (let i = 0; i < 20; i++) void connection.send(many);
  // Node looks twice, 15 s apart, whether what was written has moved.
  await service.stands(60_000);
  connection.socket.resume();
  expect((await connection.hear()).closed).toBe(true);
}, 120_000);
