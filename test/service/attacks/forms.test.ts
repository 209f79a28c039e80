/** Forms: what is no form, bombs of parts and names, and what a client may call its audio. */
import { describe, expect, test } from 'vitest';
import { attacked, head, LIVE, NOTE, told } from './standing.ts';

const service = attacked();
const MIB = 1024 * 1024;
/** Of a form whose boundary is `b`. */
const END = '\r\n--b--\r\n';
const FIELD = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nv\r\n';

const join = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
const file = (name = 'filename="a.ogg"', body: Buffer = NOTE, field = 'audio'): Buffer =>
  join(`--b\r\nContent-Disposition: form-data; name="${field}"; ${name}\r\n\r\n`, body);
const send = (form: Buffer, type = 'multipart/form-data; boundary=b', lines = 'Connection: close\r\n') => [
  head(`${lines}Content-Type: ${type}\r\nContent-Length: ${form.length}\r\n`),
  form,
];

const INVALID = '400 ERR_HTTP_INVALID, closed';
const TAKEN = '200, closed';

const FORMS: readonly (readonly [name: string, form: Buffer, told: string])[] = [
  ['25 fields before the file', join(FIELD.repeat(25), file(), END), INVALID],
  ['50,000 fields before the file', join(FIELD.repeat(50_000), file(), END), INVALID],
  ['50,000 fields behind the file', join(file(), '\r\n', FIELD.repeat(50_000), '--b--\r\n'), TAKEN],
  ['two files: the first is taken', join(file(), '\r\n', file('filename="b"', Buffer.from('x')), END), TAKEN],
  [
    '5000 files: the first is taken',
    join(file(), `\r\n${file('filename="b"', Buffer.from('x'))}`.repeat(5000), END),
    TAKEN,
  ],
  ['no file', join(FIELD, '--b--\r\n'), INVALID],
  ['no part', join('--b--\r\n'), INVALID],
  ['nothing', Buffer.alloc(0), INVALID],
  ['no end', file(), INVALID],
  ['an end in the middle of a boundary', join(file(), '\r\n--'), INVALID],
  ['a file that is empty', join(file('filename="a"', Buffer.alloc(0)), END), '415 ERR_AUDIO_OPEN, closed'],
  [
    'a file that is over the limit',
    join(file('filename="a"', Buffer.alloc(5 * MIB)), END),
    '413 ERR_BODY_TOO_LARGE, closed',
  ],
  [
    'a name of a megabyte',
    join(`--b\r\nContent-Disposition: form-data; name="${'n'.repeat(MIB)}"\r\n\r\nv`, END),
    INVALID,
  ],
  [
    'a megabyte of headers in a part',
    join('--b\r\n', 'X-A: b\r\n'.repeat(MIB / 8), file().subarray(5), END),
    INVALID,
  ],
  ['a header that never ends', join(`--b\r\nX-A: ${'a'.repeat(MIB)}`), INVALID],
  [
    'a field of a megabyte',
    join(`--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n${'v'.repeat(MIB)}\r\n`, file(), END),
    TAKEN,
  ],
  ['8 MB in front', join(Buffer.alloc(8 * MIB, 'a'), '\r\n', file(), END), TAKEN],
  ['8 MB behind', join(file(), END, Buffer.alloc(8 * MIB, 'a')), TAKEN],
  [
    'a form in the form',
    join(
      '--b\r\nContent-Disposition: form-data; name="f"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n',
      '--c\r\nContent-Disposition: file; filename="i"\r\n\r\nx\r\n--c--\r\n',
      file(),
      END,
    ),
    TAKEN,
  ],
  [
    'a file in base64, which nobody unpacks',
    join(
      file('filename="a"\r\nContent-Transfer-Encoding: base64', Buffer.from(NOTE.toString('base64'))),
      END,
    ),
    '415 ERR_AUDIO_OPEN, closed',
  ],
  ['a field that is called __proto__', join(FIELD.replace('"x"', '"__proto__"'), file(), END), TAKEN],
  ['a file in a field that is called __proto__', join(file('filename="a"', NOTE, '__proto__'), END), INVALID],
  [
    'a file in a field that is called constructor',
    join(file('filename="a"', NOTE, 'constructor'), END),
    INVALID,
  ],
  [
    'a boundary inside of the file',
    join(file('filename="a"', join(NOTE.subarray(0, 100), '\r\n--b\r\n', NOTE)), END),
    '415 ERR_AUDIO_OPEN, closed',
  ],
];

describe('a form', () => {
  test.each(FORMS)('with %s', async (_, form, answer) => {
    expect(told(await service.attempt(send(form)))).toBe(answer);
    await service.stands();
  });

  test.each([
    ['no boundary', 'multipart/form-data', INVALID],
    ['an empty boundary', 'multipart/form-data; boundary=', INVALID],
    ['a boundary of 2000 letters', `multipart/form-data; boundary=${'b'.repeat(2000)}`, INVALID],
    ['another kind', 'multipart/mixed; boundary=b', INVALID],
    ['another kind of two', 'multipart/byteranges; boundary=b', INVALID],
    ['a boundary of marks', 'multipart/form-data; boundary="--=_?"', INVALID],
    ['two boundaries', 'multipart/form-data; boundary=c; boundary=b', INVALID],
    ['its kind in capitals', 'MULTIPART/FORM-DATA; BOUNDARY=b', TAKEN],
  ])('whose head names %s', async (_, type, answer) => {
    expect(told(await service.attempt(send(join(file(), END), type)))).toBe(answer);
    await service.stands();
  });

  test('that expects 100 Continue gets it before anything of it is there', async () => {
    const [first, body] = send(join(file(), END), undefined, 'Expect: 100-continue\r\n');
    const heard = await service.attempt([first, (connection) => connection.hear(1), body], 2);
    expect(told(heard)).toBe('100, 200, open');
    await service.stands();
  });

  test('leaves its connection to the request behind it, also with megabytes behind the file', async () => {
    const [first, body] = send(join(file(), END, Buffer.alloc(6 * MIB, 'a')), undefined, '');
    expect(told(await service.attempt([first, body, LIVE], 2))).toBe('200, 200, open');
    await service.stands();
  });

  test('whose end never comes loses its connection once it is answered', async () => {
    const [, form] = send(join(file(), END));
    const first = head(`Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${10 ** 12}\r\n`);
    const heard = await service.attempt([
      first,
      form,
      async (connection) => {
        while (!connection.heard.closed) await connection.send(Buffer.alloc(65_536));
      },
    ]);
    expect(told(heard)).toBe(TAKEN);
    await service.stands();
  });
});

/** What the client calls its file, and what its download is called. */
const NAMES: readonly (readonly [given: string, download: string])[] = [
  ['../../etc/passwd', 'passwd.wav'],
  ['..\\\\..\\\\boot.ini', 'boot.wav'],
  ['/dev/null', 'null.wav'],
  ['C:\\\\x.wav', 'x.wav'],
  ['a\0b.wav', 'a_b.wav'],
  ['.htaccess', 'htaccess.wav'],
  ['...', 'audio.wav'],
  ['..', 'audio.wav'],
  ['', 'audio.wav'],
  ['   ', 'audio.wav'],
  ['%2e%2e%2fx', '%252e%252e%252fx.wav'],
  ['a\\";filename=\\"b', 'a_%3Bfilename%3D_b.wav'],
  ['a%0d%0aSet-Cookie: x', 'a%250d%250aSet-Cookie_%20x.wav'],
  ['\xe2\x80\xaegnp.exe', '_gnp.wav'],
  ['\xef\xbb\xbfa', '_a.wav'],
  ['a<script>.mp3', 'a_script_.wav'],
  ['-rf', '-rf.wav'],
  ['$(id)`id`|id;id', '%24%28id%29%60id%60_id%3Bid.wav'],
  ['~/.ssh/id_rsa', 'id_rsa.wav'],
  ['\xff\xfe', '%EF%BF%BD%EF%BF%BD.wav'],
  ['__proto__', '__proto__.wav'],
  ['a'.repeat(5000), `${'a'.repeat(100)}.wav`],
];

describe('a download', () => {
  test.each(NAMES)('of what was called %j has a name and no path', async (given, download) => {
    const { answers } = await service.attempt(send(join(file(`filename="${given}"`), END)));
    expect(answers[0].status).toBe(200);
    const disposition = answers[0].headers['content-disposition'];
    const exact = /^attachment; filename="([\w .()[\]-]+)"; filename\*=UTF-8''([\w%.~!$&+-]+)$/.exec(
      disposition,
    );
    expect(exact?.[2]).toBe(download);
    expect(exact?.[1]).not.toMatch(/^\./);
    await service.stands();
  });

  test.each([
    ['..%2f..%2fetc%2fpasswd', 'passwd.wav'],
    ['a%0d%0aSet-Cookie:%20x%3d1', 'a__Set-Cookie_%20x%3D1.wav'],
    ['%e2%80%aegnp', '_gnp.wav'],
    ['%00', '_.wav'],
    ['%ff', '%25ff.wav'],
    ['a%22b', 'a_b.wav'],
    ['%f0%9f%8e%b5', '%F0%9F%8E%B5.wav'],
  ])('of what the query calls %j too, and no header comes of it', async (name, download) => {
    const bytes = head(
      `Connection: close\r\nContent-Length: ${NOTE.length}\r\n`,
      `/v1/transcode?to=wav&name=${name}`,
    );
    const { answers } = await service.attempt([bytes, NOTE]);
    expect(answers[0].status).toBe(200);
    expect(answers[0].headers['content-disposition']).toContain(`filename*=UTF-8''${download}`);
    expect(answers[0].headers['set-cookie']).toBeUndefined();
    await service.stands();
  });
});
