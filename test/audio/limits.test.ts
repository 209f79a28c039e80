/** A few bytes that last for hours, and what bounds them. */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AnalyzeRequest } from '../../src/audio/analysis/request.ts';
import { analyze } from '../../src/audio/analyze.ts';
import { mostOutput } from '../../src/audio/plan/limits.ts';
import { transcode } from '../../src/audio/transcode.ts';
import { dirtyShard } from '../stand.ts';
import { convert, scratch } from './audio-files.ts';
import { feedOf, readStream } from './feeds.ts';
import { refusal } from './refusal.ts';
import { silentFlac } from './silent-flac.ts';
import { noise, wav, writeWav } from './wav.ts';

const at = scratch();
const HOUR = 3600;

function measured(input: string, request: Partial<AnalyzeRequest> = {}) {
  const pool = dirtyShard();
  const context = { pool, signal: new AbortController().signal, block: { bytes: 65_536 } };
  try {
    return analyze({ ...request, input }, context);
  } finally {
    expect(pool.lent).toBe(0);
  }
}

/** A file of so many bytes of 8-bit samples; what its header says besides does not change them. */
function ofRate(name: string, rate: number, frames: number): string {
  return writeWav(at(name), [new Uint8Array(frames).fill(128)], { rate, format: 'u8' });
}

/** Samples that take no room on the disk. */
function lengthen(path: string, frames: number): void {
  const { size } = statSync(path);
  const sizes = Buffer.alloc(4);
  const file = openSync(path, 'r+');
  sizes.writeUInt32LE(size - 8 + frames);
  writeSync(file, sizes, 0, 4, 4);
  sizes.writeUInt32LE(frames);
  writeSync(file, sizes, 0, 4, size - 4);
  closeSync(file);
  truncateSync(path, size + frames);
}

/** Without a length in the header, so that nobody knows it beforehand. */
function endlessFlac(name: string, frames: number): string {
  const bytes = silentFlac(frames);
  bytes.writeUInt32BE(0, 22);
  bytes[21] &= 0xf0;
  writeFileSync(at(name), bytes);
  return at(name);
}

describe('a file that lasts for longer than it may', () => {
  test.each([
    ['by its header', () => writeFileSync(at('long.flac'), silentFlac(100)), 'long.flac'],
    ['once so much was decoded', () => endlessFlac('open.flac', 100), 'open.flac'],
  ])('ends %s, and nothing is left of it', (_, make, name) => {
    make();
    // 100 frames of 65,535 samples at 192 kHz.
    const code = refusal('ERR_AUDIO_TOO_LONG', /lasts for 34 seconds at the most, .* raise maxSeconds/);
    for (const to of ['wav', 'opus'] as const) {
      const pool = dirtyShard();
      const job = { maxSeconds: 34, pool };
      expect(() => convert(at(name), at(`out.${to}`), to, job)).toThrow(code);
      expect(() => convert(at(name), at(`out.${to}`), to, { ...job, fadeOutSeconds: 1 })).toThrow(code);
      expect(pool.lent).toBe(0);
    }
    expect(() => measured(at(name), { maxSeconds: 34 })).toThrow(code);
    expect(readdirSync(at('.')).filter((file) => file.includes('out'))).toEqual([]);
    expect(measured(at(name), { maxSeconds: 34.2 }).seconds).toBeCloseTo(34.13);
  });

  test('is not even begun where its header is sure', () => {
    writeFileSync(at('sure.flac'), silentFlac(100));
    const progress: number[] = [];
    const job = { maxSeconds: 1, pool: dirtyShard(), progress: (share: number) => progress.push(share) };
    expect(() => convert(at('sure.flac'), at('sure.wav'), 'wav', job)).toThrow(refusal('ERR_AUDIO_TOO_LONG'));
    expect(progress).toEqual([]);
    expect(existsSync(at('sure.wav'))).toBe(false);
  });

  test('of its own accord has 1,000 hours, or as many frames as these have at 1,000 Hz', () => {
    // At 1000 Hz each of these is longer than 41 days, in a file without a block on the disk.
    const long = ofRate('sparse.wav', 1000, 0);
    const frames = 1000 * HOUR * 1000;
    lengthen(long, frames + 1);
    expect(() => measured(long)).toThrow(refusal('ERR_AUDIO_TOO_LONG', '3600000 seconds at the most'));
    // A log of measurements of eleven years, one in an hour and a half.
    const log = ofRate('log.wav', 1, 60_000);
    expect(convert(log, at('log.flac'), 'flac')).toMatchObject({ seconds: 60_000 });
    const endless = ofRate('one-hertz.wav', 1, 0);
    lengthen(endless, frames + 1);
    expect(() => measured(endless)).toThrow(refusal('ERR_AUDIO_TOO_LONG'));
  });

  test('may be a stream, which has no end unless it is given one', () => {
    const bytes = silentFlac(20);
    expect(readStream(feedOf(bytes, [1000])).frames).toBe(20 * 65_535);
  });

  test.each([0, -1, Number.NaN])('has a limit over 0, and not %d', (maxSeconds) => {
    const pool = dirtyShard();
    const file = writeWav(at('short.wav'), [noise(100, 16)]);
    const got = refusal('ERR_INVALID_ARGUMENT', `got maxSeconds ${maxSeconds}`);
    expect(() => convert(file, at('short.flac'), 'flac', { maxSeconds, pool })).toThrow(got);
    expect(() => measured(file, { maxSeconds })).toThrow(got);
  });
});

describe('an output that is larger than it may be', () => {
  test('ends as soon as it is, as a file or in leases', () => {
    writeFileSync(at('bomb.flac'), silentFlac(2000));
    const pool = dirtyShard();
    const progress: number[] = [];
    const job = { pool, maxOutputBytes: 1e6, progress: (share: number) => progress.push(share) };
    const code = refusal('ERR_OUTPUT_TOO_LARGE', /976\.6 KiB at the most, .* raise maxOutputBytes/);
    expect(() => convert(at('bomb.flac'), at('bomb.wav'), 'wav', job)).toThrow(code);
    // 2 GB would have come.
    expect(progress.at(-1)).toBeLessThan(0.01);
    expect(readdirSync(at('.')).filter((file) => file.includes('bomb'))).toEqual(['bomb.flac']);
    const context = { pool, signal: new AbortController().signal, block: { bytes: 65_536 } };
    const request = { input: at('bomb.flac'), output: { leases: true }, to: 'wav' } as const;
    expect(() => transcode({ ...request, maxOutputBytes: 1e6 }, context)).toThrow(code);
    expect(pool.lent).toBe(0);
  });

  test('is judged with all that is written last', () => {
    writeFileSync(at('note.wav'), wav([noise(10_000, 16)], { tags: { INAM: 'x'.repeat(20_000) } }));
    const { bytesWritten } = convert(at('note.wav'), at('note.m4a'), 'm4a');
    const pool = dirtyShard();
    expect(() =>
      convert(at('note.wav'), at('less.m4a'), 'm4a', { pool, maxOutputBytes: bytesWritten - 1 }),
    ).toThrow(refusal('ERR_OUTPUT_TOO_LARGE'));
    expect(convert(at('note.wav'), at('as.m4a'), 'm4a', { maxOutputBytes: bytesWritten })).toMatchObject({
      bytesWritten,
    });
  });

  test('may be 4 GiB and 4,096 times as large as its input, and of a stream as large as it gets', () => {
    const GIB = 1024 ** 3;
    expect(mostOutput(undefined, 1000)).toBe(4 * GIB + 4_096_000);
    expect(mostOutput(undefined, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(mostOutput(100, 1000)).toBe(100);
  });
});
