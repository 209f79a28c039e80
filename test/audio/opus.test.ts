/** Opus has two codecs, SILK and CELT, between which each of its streams may change with every packet. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { convert, levelAt, readAll, scratch } from './audio-files.ts';
import { endingSooner, withChannelMapping } from './ogg.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();
const RATE = 48_000;
const HERTZ = 300;
const FRAMES = 21_900;

/** The same tone in each channel. */
function tones(channels: number): string {
  const plane = to16(tone(FRAMES, RATE, HERTZ, 0.5));
  return writeWav(at('in.wav'), Array(channels).fill(plane), { rate: RATE });
}

/** Frames by which the tone comes late. */
function delayOf(plane: ArrayLike<number>): number {
  let cosine = 0;
  let sine = 0;
  // A whole number of waves.
  for (let i = 4800; i < 20_800; i++) {
    const angle = (2 * Math.PI * HERTZ * i) / RATE;
    cosine += plane[i] * Math.cos(angle);
    sine += plane[i] * Math.sin(angle);
  }
  return (-Math.atan2(cosine, sine) / (2 * Math.PI)) * (RATE / HERTZ);
}

// At such rates pairs of channels are in CELT, as is the LFE, and single ones in SILK.
test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i channels keep their length and time at low bit rates', (channels) => {
  for (const bitrate of [1000, 12_000 * channels]) {
    convert(tones(channels), at('out.opus'), 'opus', { bitrate, verify: true });
    const { planes, frames } = readAll(at('out.opus'));
    expect(frames).toBe(FRAMES);
    expect(Math.abs(delayOf(planes[0]))).toBeLessThan(15);
  }
});

test.each([1, 200, 900])('SILK that ends %i frames sooner is the same up to there', (sooner) => {
  const plane = to16(tone(FRAMES / 3, RATE / 3, HERTZ, 0.5));
  const input = writeWav(at('in.wav'), [plane], { rate: RATE / 3 });
  convert(input, at('whole.opus'), 'opus', { bitrate: 6000 });
  const whole = readAll(at('whole.opus')).planes[0];
  writeFileSync(at('cut.opus'), endingSooner(readFileSync(at('whole.opus')), sooner));
  expect(readAll(at('cut.opus')).planes).toEqual([whole.subarray(0, whole.length - sooner)]);
});

test('samples have more than 16 bits', () => {
  convert(tones(2), at('out.opus'), 'opus');
  const { planes } = readAll(at('out.opus'));
  expect(planes[0].every((sample) => Number.isInteger(sample * 32_768))).toBe(false);
});

test('channels that are not those of speakers keep their order', () => {
  const planes = [200, 400, 600].map((hertz) => to16(tone(FRAMES, RATE, hertz, 0.5)));
  convert(writeWav(at('in.wav'), planes, { rate: RATE }), at('in.opus'), 'opus');
  writeFileSync(at('out.opus'), withChannelMapping(readFileSync(at('in.opus')), 255));
  const { info, planes: decoded } = readAll(at('out.opus'));
  expect(info.codec).toBe('opus');
  // In the file the centre is the second.
  for (const [channel, hertz] of [200, 600, 400].entries()) {
    expect(levelAt(decoded[channel].slice(4000, 20_000), RATE, hertz)).toBeGreaterThan(0.4);
  }
});
