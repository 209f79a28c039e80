/** Bodies that are not what their heads say, and clients that leave in the middle. */
import { describe, expect, test } from 'vitest';
import { silentFlac } from '../../audio/silent-flac.ts';
import { Connection, type Part } from './raw.ts';
import { attacked, head, JUNK, LIVE, NOTE, post, told } from './standing.ts';

const service = attacked();
const MIB = 1024 * 1024;
const CLOSE = 'Connection: close\r\n';
const said = (bytes: number, target?: string): string => head(`Content-Length: ${bytes}\r\n`, target);
const CHUNKED = head('Transfer-Encoding: chunked\r\n');
/** As one of several chunks. */
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
/** No more comes, but the answer is read. */
const half: Part = (connection) => connection.socket.end();
const again =
  (bytes: Buffer): Part =>
  async (connection) => {
    while (!connection.heard.closed) await connection.send(bytes);
  };

const TOO_LARGE = '413 ERR_BODY_TOO_LARGE, closed';
const INCOMPLETE = '400 ERR_BODY_INCOMPLETE, closed';

const BODIES: readonly (readonly [name: string, parts: readonly Part[], told: string])[] = [
  ['shorter than it said', [said(NOTE.length), NOTE.subarray(0, 1000), half], INCOMPLETE],
  ['shorter than it said, and large', [said(3 * MIB), Buffer.alloc(MIB), half], INCOMPLETE],
  ['shorter than it said by all of it', [said(NOTE.length), half], INCOMPLETE],
  ['chunks without the last one', [CHUNKED, chunk(NOTE), half], INCOMPLETE],
  ['chunks that end inside of one', [CHUNKED, '1000\r\nabc', half], INCOMPLETE],
  [
    'behind a head that ends too soon',
    ['POST /v1/transcode?to=wav HTTP/1.1\r\nHo', half],
    '400 ERR_HTTP_INVALID, closed',
  ],
  ['longer than it said', [said(1000), NOTE], '415 ERR_AUDIO_OPEN, 400 ERR_HTTP_INVALID, closed'],
  ['a byte over the limit, as it says', [said(4 * MIB + 1)], TOO_LARGE],
  ['terabytes, as it says', [said(10 ** 13), again(JUNK)], TOO_LARGE],
  ['chunks without end', [CHUNKED, again(chunk(Buffer.alloc(65_536)))], TOO_LARGE],
  ['one chunk without end', [CHUNKED, 'fffffffffffff\r\n', again(Buffer.alloc(65_536))], TOO_LARGE],
  [
    'without end, to nowhere',
    [head('Transfer-Encoding: chunked\r\n', '/nowhere'), again(chunk(JUNK))],
    '404 ERR_NOT_FOUND, closed',
  ],
  [
    'without end, to what is looked at',
    [head('Transfer-Encoding: chunked\r\n', '/livez', 'GET'), again(chunk(JUNK))],
    '200, closed',
  ],
  [
    'as long as it may be, and no audio',
    [head(`${CLOSE}Content-Length: ${4 * MIB}\r\n`), Buffer.alloc(4 * MIB, 'junk')],
    '415 ERR_AUDIO_OPEN, closed',
  ],
  [
    'of 50,000 chunks',
    [head(`${CLOSE}Transfer-Encoding: chunked\r\n`), ...fifty(), '0\r\n\r\n'],
    '415 ERR_AUDIO_OPEN, closed',
  ],
  ['nothing', [head(CLOSE)], '415 ERR_AUDIO_OPEN, closed'],
  ['of 0 bytes', [head(`${CLOSE}Content-Length: 0\r\n`)], '415 ERR_AUDIO_OPEN, closed'],
  [
    'packed, which nobody unpacks',
    [head(`${CLOSE}Content-Encoding: gzip\r\nContent-Length: 4\r\n`), '\x1f\x8b\x08\x00'],
    '415 ERR_AUDIO_OPEN, closed',
  ],
  [
    'of JSON',
    [head(`${CLOSE}Content-Type: application/json\r\nContent-Length: 18\r\n`), '{"__proto__":{"x"}'],
    '415 ERR_AUDIO_OPEN, closed',
  ],
];

function fifty(): Buffer[] {
  return Array.from({ length: 50 }, () =>
    Buffer.concat(Array.from({ length: 1000 }, () => chunk(JUNK.subarray(0, 1)))),
  );
}

test.each(BODIES)('A body that is %s', async (_, parts, answer) => {
  const heard = await service.attempt(parts);
  expect(told(heard)).toBe(answer);
  await service.stands();
});

/** 14 MB of WAV, more than the system keeps for a connection. */
const LONG = silentFlac(14);
const AT_ONCE = 20;

/** What each of them sent, and heard, before it left. */
const LEAVES: readonly (readonly [name: string, parts: readonly Part[], heard: 'nothing' | 'some'])[] = [
  ['with nothing sent', [], 'nothing'],
  ['inside of the head', ['POST /v1/transcode?to=wav HT'], 'nothing'],
  ['behind the head', [said(NOTE.length)], 'nothing'],
  ['behind the head of a large one', [said(3 * MIB)], 'nothing'],
  ['inside of the body', [said(NOTE.length), NOTE.subarray(0, 500)], 'nothing'],
  ['inside of a large one', [said(3 * MIB), Buffer.alloc(MIB)], 'nothing'],
  ['inside of a chunk', [CHUNKED, chunk(JUNK), '1000\r\nabc'], 'nothing'],
  ['behind the body', [post(NOTE, '/v1/transcode?to=opus&gain=-1')], 'nothing'],
  ['behind the body of something long', [post(LONG, '/v1/transcode?to=mp3')], 'nothing'],
  [
    'behind two',
    [post(NOTE, '/v1/transcode?to=opus&gain=-2'), post(NOTE, '/v1/transcode?to=opus&gain=-3')],
    'nothing',
  ],
  ['inside of the download', [post(LONG)], 'some'],
  ['inside of what is made meanwhile', [post(LONG, '/v1/transcode?to=wav&delivery=stream')], 'some'],
];

describe(`${AT_ONCE} clients leave`, () => {
  test.each(LEAVES)('%s', async (_, parts, heard) => {
    const connections = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const connection = await Connection.to(service.url);
        for (const part of parts) {
          if (typeof part === 'function') await part(connection);
          else await connection.send(part);
        }
        return connection;
      }),
    );
    if (heard === 'some') await Promise.all(connections.map(firstBytes));
    for (const connection of connections) connection.reset();
    await service.stands();
  });

  test('and one of those who asked for the same stays, and gets it', async () => {
    const bytes = post(LONG, '/v1/transcode?to=flac&gain=-4');
    const leaving = await Promise.all(Array.from({ length: 5 }, () => Connection.to(service.url)));
    for (const connection of leaving) await connection.send(bytes);
    const staying = service.attempt(bytes, 1);
    for (const connection of leaving) connection.reset();
    expect(told(await staying)).toBe('200, open');
    await service.stands();
  });

  test('who has asked for everything to be the last: a client that says so is answered, and let go', async () => {
    expect(told(await service.attempt(LIVE.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')))).toBe(
      '200, closed',
    );
    await service.stands();
  });
});

/** Something of the answer is there, and no more is read. */
async function firstBytes({ socket }: Connection): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('data', () => {
      socket.pause();
      resolve();
    });
  });
}
