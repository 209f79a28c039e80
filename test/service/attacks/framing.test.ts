/**
 * Where a request ends: whoever can make two servers disagree about it hides a request in another one's body.
 * Each attempt has a request behind it that must not be seen, unless the first one ended where it said.
 */
import { describe, expect, test } from 'vitest';
import type { Part } from './raw.ts';
import { attacked, HOST, head, LIVE, NOTE, post, SMUGGLED, told } from './standing.ts';

const service = attacked();

/** One answer, and the connection ends: nothing behind it is taken for a request. */
const REFUSED = '400 ERR_HTTP_INVALID, closed';
/** Both ended where they said: the first was five bytes that are no audio. */
const SEEN = '415 ERR_AUDIO_OPEN, 404 ERR_NOT_FOUND, closed';
/** So that the connection ends behind the last one that is seen. */
const LAST = SMUGGLED.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

const five = (lines: string): string => `${head(lines)}abcde${LAST}`;
const chunked = (lines: string): string => `${head(lines)}5\r\nabcde\r\n0\r\n\r\n${LAST}`;
const chunks = (body: string): string => `${head('Transfer-Encoding: chunked\r\n')}${body}${LAST}`;

const LENGTHS: readonly (readonly [value: string, told: string])[] = [
  ...['5, 5', '+5', '-1', '0x5', '', '5.0', '1e3', '5 5', '99999999999999999999999', '\xb2'].map(
    (value) => [value, REFUSED] as const,
  ),
  ...['5', '5 ', '5\t', '  5', '0005'].map((value) => [value, SEEN] as const),
];

const CODINGS: readonly (readonly [value: string, told: string])[] = [
  ...['chunked, identity', 'identity', 'xchunked', '\x0bchunked', 'chunked, chunked', '"chunked"', ''].map(
    (value) => [value, REFUSED] as const,
  ),
  ...['chunked;q=1', 'gzip', 'chunked\x00', 'chunked,'].map((value) => [value, REFUSED] as const),
  // Node's parser takes them, and leaves them to whoever asks.
  ...['gzip, chunked', ',chunked', 'identity, chunked'].map((value) => [value, REFUSED] as const),
  ...['Chunked', 'CHUNKED', ' chunked '].map((value) => [value, SEEN] as const),
];

const HEADS: readonly (readonly [name: string, bytes: string])[] = [
  ['a length and chunks', chunked('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')],
  ['chunks and a length', chunked('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  ['the same length twice', five('Content-Length: 5\r\nContent-Length: 5\r\n')],
  ['two lengths', five('Content-Length: 5\r\nContent-Length: 6\r\n')],
  ['two codings', chunked('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')],
  ['a folded line', five('X-A: a\r\n b\r\nContent-Length: 5\r\n')],
  ['a folded length', five('Content-Length:\r\n 5\r\n')],
  ['a folded coding', chunked('Transfer-Encoding:\r\n chunked\r\n')],
  ['a space before the colon of a length', five('Content-Length : 5\r\n')],
  ['a space before the colon of a coding', chunked('Transfer-Encoding : chunked\r\n')],
  ['a space before a name', five(' Content-Length: 5\r\n')],
  ['a name with a zero', five('Content-Length\0: 5\r\n')],
  ['a name of nothing', five(': x\r\nContent-Length: 5\r\n')],
  ['a line without a colon', five('Content-Length 5\r\n')],
  ['a zero in a value', five('X-A: a\0b\r\nContent-Length: 5\r\n')],
  ['a bare CR in a value', five('X-A: a\rContent-Length: 5\r\n')],
  ['a bare LF in a head', five('X-A: a\nContent-Length: 5\r\n')],
  ['bare LFs everywhere', `GET /livez HTTP/1.1\nHost: x\n\n${LAST}`],
  ['chunks to HTTP/1.0', chunked('Transfer-Encoding: chunked\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
  ['no host', `GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n${LAST}`],
  ['two hosts', `GET /livez HTTP/1.1\r\n${HOST}Host: other\r\nConnection: close\r\n\r\n${LAST}`],
  ['a host that is none', 'GET /livez HTTP/1.1\r\nHost: a/b@c\r\nConnection: close\r\n\r\n'],
];

const CHUNKS: readonly (readonly [name: string, body: string, told: string])[] = [
  ...['0x5', '-5', '+5', '5 ', ' 5', '', '5\n', '5;\na', 'FFFFFFFFFFFFFFFFF', 'g'].map(
    (size) => [`a size of ${JSON.stringify(size)}`, `${size}\r\nabcde\r\n0\r\n\r\n`, REFUSED] as const,
  ),
  ['a chunk that is longer than its size', '3\r\nabcde\r\n0\r\n\r\n', REFUSED],
  ['a chunk that is shorter than its size', '7\r\nabcde\r\n0\r\n\r\n', REFUSED],
  ['bare LFs', '5\nabcde\n0\n\n', REFUSED],
  ['100 KB of extensions', `5;${'a'.repeat(100_000)}\r\nabcde\r\n0\r\n\r\n`, REFUSED],
  ['a length as a trailer', '5\r\nabcde\r\n0\r\nContent-Length: 500\r\n\r\n', REFUSED],
  [
    '40 KB of trailers',
    `5\r\nabcde\r\n0\r\n${'X-T: a\r\n'.repeat(5000)}\r\n`,
    '431 ERR_HEAD_TOO_LARGE, closed',
  ],
  ['an extension', '5;a=b\r\nabcde\r\n0\r\n\r\n', SEEN],
  ['a trailer', '5\r\nabcde\r\n0\r\nX-T: a\r\n\r\n', SEEN],
  ['leading zeros', '0005\r\nabcde\r\n0\r\n\r\n', SEEN],
];

describe('a request with a request behind it', () => {
  test.each(HEADS)('that has %s is refused', async (_, bytes) => {
    expect(told(await service.attempt(bytes))).toBe(REFUSED);
    await service.stands();
  });

  test.each(LENGTHS)('that says it has %j bytes', async (value, answer) => {
    expect(told(await service.attempt(five(`Content-Length: ${value}\r\n`)))).toBe(answer);
    await service.stands();
  });

  test.each(CODINGS)('whose body is coded as %j', async (value, answer) => {
    expect(told(await service.attempt(chunked(`Transfer-Encoding: ${value}\r\n`)))).toBe(answer);
    await service.stands();
  });

  test.each(CHUNKS)('whose chunks have %s', async (_, body, answer) => {
    expect(told(await service.attempt(chunks(body)))).toBe(answer);
    await service.stands();
  });
});

const REQUESTS: readonly (readonly [name: string, parts: readonly Part[], told: string])[] = [
  [
    'that is not read, in the body of one that is refused',
    [head(`Content-Length: ${SMUGGLED.length}\r\n`, '/nowhere'), SMUGGLED],
    '404 ERR_NOT_FOUND, closed',
  ],
  [
    'in the body of a GET',
    [head(`Content-Length: ${SMUGGLED.length}\r\n`, '/livez', 'GET'), SMUGGLED, LIVE],
    '200, closed',
  ],
  [
    'in the chunks of a GET',
    [head('Transfer-Encoding: chunked\r\n', '/livez', 'GET'), '0\r\n\r\n', SMUGGLED],
    '200, closed',
  ],
  [
    'behind a body that is a byte longer than it said',
    [head(`Content-Length: ${NOTE.length - 1}\r\n`), NOTE],
    '200, 400 ERR_HTTP_INVALID, closed',
  ],
  ['behind two that are answered in order', [post(NOTE), LIVE, LAST], '200, 200, 404 ERR_NOT_FOUND, closed'],
  [
    'that is none, behind one that is answered',
    [post(NOTE), 'GARBAGE\r\n\r\n'],
    '200, 400 ERR_HTTP_INVALID, closed',
  ],
  [
    'that is none, behind two that are answered, and more of it',
    [post(NOTE, '/v1/transcode?to=mp3'), post(NOTE), 'GARBAGE\r\n\r\n', 'MORE\r\n\r\n'],
    '200, 200, 400 ERR_HTTP_INVALID, closed',
  ],
];

describe('a request', () => {
  test.each(REQUESTS)('%s', async (_, parts, answer) => {
    const heard = await service.attempt(parts);
    expect(told(heard)).toBe(answer);
    expect(heard.rest.length).toBe(0);
    await service.stands();
  });

  test('whose chunks are faulty, behind one that is answered: that is whole, or cut off, never mixed', async () => {
    const alone = (await service.attempt(post(NOTE), 1)).answers[0];
    const heard = await service.attempt([post(NOTE), chunks('zz\r\n')]);
    for (const answer of heard.answers.slice(0, 1)) {
      expect(answer.status === 200 ? answer.body.equals(alone.body) : answer.code).toSatisfy(
        (right) => right === true || right === 'ERR_HTTP_INVALID',
      );
    }
    expect(heard.closed).toBe(true);
    await service.stands();
  });
});

const PROTOCOLS: readonly (readonly [name: string, bytes: string, told: string])[] = [
  ['HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', '200, closed'],
  ['HTTP/1.2', `GET /livez HTTP/1.2\r\n${HOST}\r\n`, REFUSED],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', REFUSED],
  ['a hello of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', REFUSED],
  ['a handshake of SSH', 'SSH-2.0-OpenSSH_9.0\r\n', REFUSED],
  ['a line of SMTP', 'HELO example.org\r\n', REFUSED],
  ['a method that is none', `BREW /livez HTTP/1.1\r\n${HOST}\r\n`, REFUSED],
  ['a method with a control character', `G\x01T /livez HTTP/1.1\r\n${HOST}\r\n`, REFUSED],
  ['a space in its address', `GET /li vez HTTP/1.1\r\n${HOST}\r\n`, REFUSED],
  ['bytes over 127 in its address', `GET /\xff\xfe HTTP/1.1\r\n${HOST}\r\n`, REFUSED],
  ['an address that is none', `GET ?x HTTP/1.1\r\n${HOST}\r\n`, REFUSED],
  ['CONNECT, as to a proxy', `CONNECT example.org:443 HTTP/1.1\r\n${HOST}\r\n`, 'closed'],
  [
    'an upgrade to a websocket',
    head('Connection: Upgrade, close\r\nUpgrade: websocket\r\n', '/livez', 'GET'),
    '200, closed',
  ],
  [
    'an upgrade to HTTP/2',
    head('Connection: Upgrade, close\r\nUpgrade: h2c\r\n', '/livez', 'GET'),
    '200, closed',
  ],
  ['empty lines in front', `\r\n\r\n${head('Connection: close\r\n', '/livez', 'GET')}`, '200, closed'],
  [
    'an address with a host, as to a proxy: it is ours all the same',
    head('Connection: close\r\n', 'http://example.org/livez', 'GET'),
    '200, closed',
  ],
];

test.each(PROTOCOLS)('What speaks %s is answered as it deserves', async (_, bytes, answer) => {
  expect(told(await service.attempt(bytes))).toBe(answer);
  await service.stands();
});
