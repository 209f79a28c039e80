import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, type Job, readAll, scratch } from './audio-files.ts';
import { inOnePage, withSerial } from './ogg.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();

/** An Ogg Vorbis file of that many frames. */
function vorbis(frames: number, { rate = 44_100, channels = 1, ...job }: Job = {}): Buffer {
  const planes = Array.from({ length: channels }, (_, channel) =>
    to16(tone(frames, rate, 300 + 200 * channel, 0.5)),
  );
  writeWav(at('source.wav'), planes, { rate });
  convert(at('source.wav'), at('source.ogg'), 'ogg', job);
  return readFileSync(at('source.ogg'));
}

function samplesOf(ogg: Buffer): number[] {
  writeFileSync(at('read.ogg'), ogg);
  return Array.from(readAll(at('read.ogg')).planes[0]);
}

describe('vorbis in one page', () => {
  test.each([
    47, 576, 1000, 1152, 4097, 6151, 6920, 12_345, 20_000,
  ])('has the same %i frames as in two', (frames) => {
    const two = vorbis(frames);
    const one = inOnePage(two);
    const samples = samplesOf(one);
    expect(samples).toEqual(samplesOf(two));
    // In their places, not only as many: FFmpeg's priming would move all to the right.
    const source = tone(frames, 44_100, 300, 0.5);
    const worst = Math.max(...samples.map((sample, i) => Math.abs(sample - source[i])));
    expect([samples.length, worst < 0.1 ? 'in place' : worst]).toEqual([frames, 'in place']);
  });

  test('that says it ends too soon loses nothing but part of its last block', () => {
    const whole = vorbis(20_000);
    const kept = samplesOf(inOnePage(whole, { end: 500n }));
    expect(kept.length).toBeGreaterThan(20_000 - 8192);
    expect(kept).toEqual(samplesOf(whole).slice(0, kept.length));
  });
});

describe('chained ogg', () => {
  const parts: Record<string, Buffer> = {};

  beforeAll(() => {
    parts.long = vorbis(200_000);
    parts.longer = withSerial(vorbis(210_000), 7);
    parts.one = inOnePage(vorbis(20_000));
    parts.other = inOnePage(vorbis(9000), { serial: 9 });
    parts.fine = withSerial(vorbis(30_000, { bitrate: 200_000 }), 11);
  });

  test.each([
    [['one', 'other']],
    [['other', 'one']],
    [['one', 'one']],
    [['one', 'long']],
    [['long', 'one', 'other']],
    [['long', 'longer']],
    [['long', 'long']],
    [['one', 'fine', 'other']],
    [['long', 'fine', 'one', 'longer', 'other']],
  ])('%j has the frames of all its links, sample by sample', (names) => {
    const links = names.map((name) => parts[name]);
    const expected = links.flatMap(samplesOf);
    const whole = Buffer.concat(links);
    const decoded = samplesOf(whole);
    expect(decoded).toHaveLength(expected.length);
    expect(decoded).toEqual(expected);
    writeFileSync(at('chain.ogg'), whole);
    expect(convert(at('chain.ogg'), at('chain.flac'), 'flac')).toMatchObject({
      frames: expected.length,
      warnings: [],
    });
  });

  test('of opus is whole too', () => {
    for (const [name, frames] of [
      ['a', 20_000],
      ['b', 9000],
    ] as const) {
      writeWav(at(`${name}.wav`), [to16(tone(frames, 48_000, 440, 0.5))], { rate: 48_000 });
      convert(at(`${name}.wav`), at(`${name}.opus`), 'opus');
    }
    const links = [readFileSync(at('a.opus')), withSerial(readFileSync(at('b.opus')), 3)];
    writeFileSync(at('chain.opus'), Buffer.concat(links));
    expect(readAll(at('chain.opus')).frames).toBe(29_000);
  });
});
