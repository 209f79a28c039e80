/** What the head of a request may say: floods, methods, expectations, queries and addresses. */
import { describe, expect, test } from 'vitest';
import type { Part } from './raw.ts';
import { attacked, HOST, head, NOTE, post, told } from './standing.ts';

const service = attacked();
const CLOSE = 'Connection: close\r\n';
const get = (target: string, lines = ''): string => head(`${CLOSE}${lines}`, target, 'GET');
/** What the query says is looked at before the body is. */
const ask = (query: string): string =>
  head(`${CLOSE}Content-Type: audio/wav\r\nContent-Length: 0\r\n`, `/v1/transcode?${query}`);

const FLOODED = '431 ERR_HEAD_TOO_LARGE, closed';
const WRONG = '400 ERR_INVALID_ARGUMENT, closed';
const INVALID = '400 ERR_HTTP_INVALID, closed';
/** The query is right, and there is no audio. */
const RIGHT = '415 ERR_AUDIO_OPEN, closed';
const NOWHERE = '404 ERR_NOT_FOUND, closed';
const OTHERWISE = '405 ERR_METHOD, closed';

describe('a head', () => {
  test.each([
    ['20 KB in one value', get('/livez', `X: ${'a'.repeat(20_000)}\r\n`)],
    ['20 KB in one name', get('/livez', `${'a'.repeat(20_000)}: x\r\n`)],
    ['20 KB of address', get(`/livez?${'a'.repeat(20_000)}`)],
    ['2000 lines', get('/livez', 'a:\r\n'.repeat(2000))],
    ['150 lines', get('/livez', 'a:\r\n'.repeat(150))],
    ['150 lines before its length', head(`${'a:\r\n'.repeat(150)}Content-Length: ${NOTE.length}\r\n`)],
  ])('with %s is refused', async (_, bytes) => {
    expect(told(await service.attempt(bytes))).toBe(FLOODED);
    await service.stands();
  });

  test('that never ends is refused once it is too long', async () => {
    const heard = await service.attempt([
      `GET /livez HTTP/1.1\r\n${HOST}`,
      async (connection) => {
        while (!connection.heard.closed) await connection.send(`X-A: ${'a'.repeat(1000)}\r\n`);
      },
    ]);
    expect(told(heard)).toBe(FLOODED);
    await service.stands();
  });
});

describe('a method', () => {
  test.each([
    ...['PUT', 'DELETE', 'PATCH', 'GET', 'OPTIONS', 'TRACE'].map(
      (method) => [method, '/v1/transcode?to=wav', OTHERWISE, 'POST'] as const,
    ),
    ...['POST', 'DELETE'].map(
      (method) => [method, `/v1/results/${'a'.repeat(64)}`, OTHERWISE, 'GET, HEAD'] as const,
    ),
    ['POST', '/metrics', OTHERWISE, 'GET, HEAD'],
    ['OPTIONS', '*', NOWHERE, undefined],
    ['DELETE', '/nowhere', NOWHERE, undefined],
  ] as const)('%s of %s', async (method, target, answer, allow) => {
    const heard = await service.attempt(head(`${CLOSE}Content-Length: 0\r\n`, target, method));
    expect(told(heard)).toBe(answer);
    expect(heard.answers[0].headers.allow).toBe(allow);
    await service.stands();
  });

  test('OPTIONS from a page elsewhere, and its request, are not allowed by any header', async () => {
    const origin = 'Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n';
    for (const bytes of [
      head(`${CLOSE}${origin}`, '/v1/transcode?to=wav', 'OPTIONS'),
      get('/metrics', origin),
      get('/openapi.json', origin),
    ]) {
      const { answers } = await service.attempt(bytes);
      const { headers } = answers[0];
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
    await service.stands();
  });
});

const EXPECTED: readonly (readonly [name: string, parts: readonly Part[], answers: number, told: string])[] =
  [
    [
      'gets 100 Continue, and then its answer',
      [
        head(`Expect: 100-continue\r\nContent-Length: ${NOTE.length}\r\n`),
        (connection) => connection.hear(1),
        NOTE,
      ],
      2,
      '100, 200, open',
    ],
    [
      'that does not wait for it, too',
      [head(`Expect: 100-Continue\r\nContent-Length: ${NOTE.length}\r\n`), NOTE],
      2,
      '100, 200, open',
    ],
    [
      'without a body',
      [head('Expect: 100-continue\r\nContent-Length: 0\r\n')],
      2,
      '100, 415 ERR_AUDIO_OPEN, open',
    ],
    [
      'of a body that is too large is not asked for it',
      [head('Expect: 100-continue\r\nContent-Length: 99999999\r\n')],
      2,
      '413 ERR_BODY_TOO_LARGE, closed',
    ],
    [
      'with a wrong query is not asked for its body',
      [head('Expect: 100-continue\r\nContent-Length: 5\r\n', '/v1/transcode?to=x')],
      2,
      WRONG,
    ],
    [
      'to nowhere is not asked for its body',
      [head('Expect: 100-continue\r\nContent-Length: 5\r\n', '/nowhere')],
      2,
      NOWHERE,
    ],
    ['of something else', [head('Expect: 200-maybe\r\nContent-Length: 5\r\n')], 2, INVALID],
    ['of two things', [head('Expect: 100-continue, 200-maybe\r\nContent-Length: 5\r\n')], 2, INVALID],
  ];

test.each(EXPECTED)('An expectation %s', async (_, parts, answers, answer) => {
  expect(told(await service.attempt(parts, answers))).toBe(answer);
  await service.stands();
});

describe('headers from hop to hop', () => {
  test.each([
    ['names the length', `Connection: close, content-length\r\nContent-Length: ${NOTE.length}\r\n`],
    [
      'names who asks',
      `Connection: close, authorization, x-forwarded-for\r\nContent-Length: ${NOTE.length}\r\n`,
    ],
    [
      'has trailers',
      `${CLOSE}TE: trailers, deflate\r\nTrailer: Content-Length\r\nContent-Length: ${NOTE.length}\r\n`,
    ],
    [
      'is for proxies',
      `${CLOSE}Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=9999\r\nContent-Length: ${NOTE.length}\r\n`,
    ],
    ['comes 90 times', `${'Connection: close\r\n'.repeat(90)}Content-Length: ${NOTE.length}\r\n`],
  ])('change nothing: one that %s', async (_, lines) => {
    expect(told(await service.attempt([head(lines), NOTE]))).toBe('200, closed');
    await service.stands();
  });

  test('say nothing of who asks: a result is not somebody else’s for an address that is written there', async () => {
    const lines = 'X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\n';
    const made = await service.attempt([head(`${lines}Content-Length: ${NOTE.length}\r\n`), NOTE], 1);
    expect(made.answers[0].status).toBe(200);
    // It was kept for this client's own address, and only for a moment: the same asks again at once.
    const [first, again] = await Promise.all([
      service.attempt(post(NOTE), 1),
      service.attempt([head(`${lines}Content-Length: ${NOTE.length}\r\n`), NOTE], 1),
    ]);
    expect(again.answers[0].headers.etag).toBe(first.answers[0].headers.etag);
    await service.stands();
  });
});

const QUERIES: readonly (readonly [query: string, told: string])[] = [
  ...[
    ...[
      '__proto__=1&to=wav',
      'constructor=1&to=wav',
      'constructor[prototype][x]=1&to=wav',
      'to=wav&__proto__[x]=1',
    ],
    ...[
      'to=__proto__',
      'to=constructor',
      'to=toString',
      'to=hasOwnProperty',
      'to[__proto__]=wav',
      'to[]=wav',
    ],
    ...[
      'to=wav&hasOwnProperty=1',
      'to=wav&toString=',
      'to=wav&to=flac',
      'to=wav&to=wav',
      'to=',
      'to',
      'to=WAV',
    ],
    ...['to=wav;rate=8000', 'to=wav%00', 'to=wav%0d%0aX:1', 'to=../wav', 'to=wav&rate=NaN', 'to=wav&rate='],
    ...[
      'to=wav&rate=null',
      'to=wav&rate=true',
      'to=wav&rate=44100.5',
      'to=wav&rate=-44100',
      'to=wav&rate=1e999',
    ],
    ...['to=wav&rate=\xd9\xa4'].map((query) => encodeURI(query)),
    ...[
      'to=wav&gain=Infinity',
      'to=wav&gain=-1e400',
      'to=wav&gain=x',
      'to=wav&verify=yes',
      'to=wav&channels=0',
    ],
    ...[
      'to=wav&channels=9',
      'to=wav&channels=2&channels=2',
      'to=wav&bits=12',
      'to=wav&bitrate=0',
      'to=wav&bitrate=1m',
    ],
    ...['to=wav&priority=11', 'to=wav&priority=1.5', 'to=wav&name=', `to=wav&name=${'a'.repeat(256)}`],
    ...['to=wav&delivery=both', 'to=wav&silence=-60', 'to=wav&input=/etc/passwd', 'to=wav&output=/tmp/x'],
    `to=wav&${'a=1&'.repeat(3000)}`,
    `${'to=wav&'.repeat(2000)}`,
  ].map((query) => [query, WRONG] as const),
  ...[
    ...['to=%77av', 'to=wav&name=%ff', 'to=wav&name=%zz', 'to=wav&name=%00', 'to=wav&name=%0d%0aX:%201'],
    ...['to=wav&name=..%2f..%2fetc%2fpasswd', 'to=wav&name=__proto__', 'to=wav&gain=1e1', 'to=wav&rate=8e3'],
    `${'&'.repeat(5000)}to=wav`,
  ].map((query) => [query, RIGHT] as const),
];

test.each(QUERIES)('The query %j is judged by its schema alone', async (query, answer) => {
  expect(told(await service.attempt(ask(query)))).toBe(answer);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
  await service.stands();
});

const A = 'a'.repeat(64);
const TARGETS: readonly (readonly [target: string, told: string])[] = [
  ...[
    ...[
      '/v1/results/../../etc/passwd',
      '/v1/results/%2e%2e/%2e%2e',
      '/v1/results/',
      '//v1/results/x',
      '/v1//results',
    ],
    ...[`/v1/results/${A}`, `/v1/results/${A}/`, `/v1/results/${A}/x`, `/v1/results/${'%61'.repeat(64)}`],
    ...[
      '/docs/../livez',
      '/../livez',
      '/livez//',
      '/livez;x',
      '/V1/transcode',
      '/.git/config',
      '/proc/self/environ',
    ],
    ...['/docs/static/..%2f..%2f..%2fpackage.json', `/${'a/'.repeat(4000)}`],
  ].map((target) => [target, NOWHERE] as const),
  ...[
    ...[
      `/v1/results/${'A'.repeat(64)}`,
      `/v1/results/${'a'.repeat(63)}`,
      `/v1/results/${A}%00`,
      '/v1/results/__proto__',
    ],
    ...[
      '/v1/results/..%2f..%2fetc%2fpasswd',
      `/v1/results/${A}%0d%0aX:1`,
      '/v1/results/..\\..\\x',
      '/v1/results/*',
    ],
  ].map((target) => [target, WRONG] as const),
  ...[
    ...[
      '/v1/results/%',
      '/v1/results/%zz',
      `/v1/results/${'a'.repeat(101)}`,
      '/docs/static/%2e%2e/%2e%2e/package.json',
    ],
    ...['/docs/static/..\\..\\package.json', '/docs/static/....//package.json'],
  ].map((target) => [target, INVALID] as const),
  ...['/%6civez', '/livez/', '/livez?x', '/livez#x'].map((target) => [target, '200, closed'] as const),
];

test.each(TARGETS)('The address %j leads where it says, or nowhere', async (target, answer) => {
  const heard = await service.attempt(get(target));
  expect(told(heard)).toBe(answer);
  expect(heard.answers[0].body.toString('latin1')).not.toContain('"scripts"');
  await service.stands();
});
