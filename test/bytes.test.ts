import { describe, expect, it } from 'vitest';
import { formatBytes, GiB, KiB, MiB, parseBytes } from '../src/bytes.ts';

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [17, '17 B'],
    [1023, '1023 B'],
    [4 * KiB, '4 KiB'],
    [96.5 * MiB, '96.5 MiB'],
    [-3 * GiB, '-3 GiB'],
    [1023 * GiB, '1023 GiB'],
    [1536 * GiB, '1.5 TiB'],
  ])('of %i bytes is written %s, and read from that', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
    if (bytes >= 0) expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    ['4096', 4096],
    ['64k', 64 * KiB],
    ['100 MB', 100 * MiB],
    ['1.5g', 1.5 * GiB],
    ['2t', 2048 * GiB],
    [' 7b ', 7],
  ])('may be written %j', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'lots', '-1', '0.3', '1 PiB', '1e3', '9999999g'])('is not %j', (text) => {
    expect(() => parseBytes(text)).toThrow(/whole bytes.*Write for example 100MiB/);
  });
});
