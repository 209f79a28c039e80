import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absolutePath, pathFromBytes, systemPath } from '../../src/files/byte-paths.ts';

const bytesOf = (path: string): Buffer => Buffer.from(systemPath(path));

describe('a path', () => {
  it('that is UTF-8 is the text that it is', () => {
    for (const path of ['', 'a/b', 'größe 音 😀.wav', '\u0000\u001b', '\uFEFFmark', '\uFFFD']) {
      expect(pathFromBytes(Buffer.from(path))).toBe(path);
      expect(systemPath(path)).toBe(path);
    }
  });

  it('has a place for each byte that is part of no character', () => {
    const cases: [string, string][] = [
      ['ff', '\udcff'],
      ['61e42e776176', 'a\udce4.wav'],
      ['e4c3a4', '\udce4ä'],
      // The second half of a pair, encoded by itself; a character in more bytes than it needs; one cut off.
      ['edb280', '\udced\udcb2\udc80'],
      ['c080', '\udcc0\udc80'],
      ['f09f98', '\udcf0\udc9f\udc98'],
    ];
    for (const [hex, text] of cases) {
      expect(pathFromBytes(Buffer.from(hex, 'hex'))).toBe(text);
      expect(bytesOf(text).toString('hex')).toBe(hex);
    }
  });

  it('gives its bytes back, whatever they are, and no two are one text', () => {
    const bytes = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        expect(bytesOf(pathFromBytes(one)).equals(one)).toBe(true);
        expect(pathFromBytes(one) === pathFromBytes(other)).toBe(Buffer.from(one).equals(other));
      }),
    );
  });
});

it.runIf(process.platform === 'linux')(
  'an absolute path keeps the bytes of the folder that one is in',
  () => {
    const before = process.cwd();
    const root = mkdtempSync(join(tmpdir(), 'millpond-bytes-'));
    try {
      expect(absolutePath('x')).toBe(join(before, 'x'));
      const folder = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)]);
      mkdirSync(folder);
      symlinkSync(folder, join(root, 'link'));
      process.chdir(join(root, 'link'));
      expect(absolutePath('x').endsWith('/\udcff/x')).toBe(true);
      writeFileSync(systemPath(absolutePath('x')), '');
      expect(readdirSync(folder)).toEqual(['x']);
    } finally {
      process.chdir(before);
      rmSync(root, { recursive: true });
    }
  },
);
