/** Who asks: tokens that are wrong, and results that are somebody else's. */
import { describe, expect, test } from 'vitest';
import { attacked, head, NOTE, told } from './standing.ts';

const TOKEN = 'the-token-of-the-first-client';
const OTHER = 'the-token-of-the-other-client';
const service = attacked(
  {
    clients: [
      { name: 'first', token: TOKEN },
      { name: 'other', token: OTHER },
    ],
    // Results have to be there, and are more from test to test.
    resultMs: 60_000,
  },
  TOKEN,
);

const CLOSE = 'Connection: close\r\n';
const REFUSED = '401 ERR_UNAUTHORIZED, closed';
const work = (lines: string): string => head(`${CLOSE}${lines}Content-Length: ${NOTE.length}\r\n`);

describe('a token', () => {
  test.each([
    ['of nobody', 'Authorization: Bearer nobody-has-this-token\r\n'],
    ['that is not there', ''],
    ['that is empty', 'Authorization: Bearer \r\n'],
    ['that lacks its last letter', `Authorization: Bearer ${TOKEN.slice(0, -1)}\r\n`],
    ['with a letter more', `Authorization: Bearer ${TOKEN}x\r\n`],
    ['in capitals', `Authorization: Bearer ${TOKEN.toUpperCase()}\r\n`],
    ['without its scheme', `Authorization: ${TOKEN}\r\n`],
    ['of another scheme', `Authorization: Basic ${Buffer.from(`first:${TOKEN}`).toString('base64')}\r\n`],
    ['in quotes', `Authorization: Bearer "${TOKEN}"\r\n`],
    ['beside another one', `Authorization: Bearer ${TOKEN}, Bearer ${OTHER}\r\n`],
    ['of 8 KB', `Authorization: Bearer ${'a'.repeat(8192)}\r\n`],
    ['that is the name of its client', 'Authorization: Bearer first\r\n'],
    ['as a cookie', `Cookie: token=${TOKEN}\r\n`],
    ['for a proxy', `Proxy-Authorization: Bearer ${TOKEN}\r\n`],
    ['behind a wrong one', `Authorization: Bearer x\r\nAuthorization: Bearer ${TOKEN}\r\n`],
  ])('%s is refused, and its body is not asked for', async (_, lines) => {
    const heard = await service.attempt(work(`Expect: 100-continue\r\n${lines}`));
    expect(told(heard)).toBe(REFUSED);
    expect(heard.answers[0].headers['www-authenticate']).toBe('Bearer');
    expect(heard.answers[0].body.toString()).not.toContain(TOKEN);
    await service.stands();
  });

  test('in the query is refused', async () => {
    const target = `/v1/transcode?to=wav&token=${TOKEN}&access_token=${TOKEN}`;
    const heard = await service.attempt(head(`${CLOSE}Content-Length: 5\r\n`, target));
    expect(told(heard)).toBe('400 ERR_INVALID_ARGUMENT, closed');
    await service.stands();
  });

  test.each([
    ['with its scheme in small letters', `authorization: bearer ${TOKEN}\r\n`],
    ['with spaces around it', `Authorization:   Bearer   ${TOKEN}  \r\n`],
  ])('%s is taken', async (_, lines) => {
    expect(told(await service.attempt([work(lines), NOTE]))).toBe('200, closed');
    await service.stands();
  });
});

describe('a result', () => {
  const fetchIt = (location: string, token: string, lines = '') =>
    service.attempt(head(`${CLOSE}Authorization: Bearer ${token}\r\n${lines}`, location, 'GET'));
  const make = async (token: string) => {
    const { answers } = await service.attempt([work(`Authorization: Bearer ${token}\r\n`), NOTE]);
    return answers[0].headers['content-location'];
  };

  test('is nobody else’s: who asks for it hears the same as of one that is not there', async () => {
    const location = await make(TOKEN);
    expect(told(await fetchIt(location, TOKEN))).toBe('200, closed');
    const missing = `/v1/results/${'0'.repeat(64)}`;
    for (const lines of [
      '',
      `If-None-Match: "${location.slice(-64)}"\r\n`,
      'If-None-Match: *\r\n',
      'Range: bytes=0-0\r\n',
    ]) {
      const [others, none] = await Promise.all([
        fetchIt(location, OTHER, lines),
        fetchIt(missing, OTHER, lines),
      ]);
      expect(told(others)).toBe('404 ERR_NOT_FOUND, closed');
      const text = others.answers[0].body.toString().replaceAll(location.slice(-64), '0'.repeat(64));
      const instance = /urn:millpond:request:\w+/;
      expect(text.replace(instance, '')).toBe(none.answers[0].body.toString().replace(instance, ''));
    }
    await service.stands();
  });

  test.each([
    ['outside of it', 'bytes=999999999-', '416 ERR_RANGE, closed'],
    ['of its last 0 bytes', 'bytes=-0', '416 ERR_RANGE, closed'],
    ['beyond what numbers hold', 'bytes=999999999999999999999-', '200, closed'],
    ['backwards', 'bytes=5-2', '200, closed'],
    ['of nothing', 'bytes=-', '200, closed'],
    ['in other units', 'frames=0-1', '200, closed'],
    ['in a thousand pieces, all over each other', `bytes=${'0-,'.repeat(1000)}0-`, '200, closed'],
    [
      'in a thousand single bytes',
      `bytes=${Array.from({ length: 1000 }, (_, i) => `${i * 2}-${i * 2}`).join()}`,
      '200, closed',
    ],
    ['with signs', 'bytes=+0-+1', '200, closed'],
    ['of its first byte', 'bytes=0-0', '206, closed'],
    ['that ends far behind it', 'bytes=0-999999999999', '206, closed'],
  ])('is asked for by a range %s', async (_, range, answer) => {
    const location = await make(TOKEN);
    const heard = await fetchIt(location, TOKEN, `Range: ${range}\r\n`);
    expect(told(heard)).toBe(answer);
    expect(heard.rest.length).toBe(0);
    await service.stands();
  });
});
