/** What an output can come to at most, against what encoders make of the worst there is. */
import { describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { planTarget, TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { mostBytes } from '../../src/audio/plan/upper-bound.ts';
import { convert, scratch } from './audio-files.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const targets = Object.keys(TARGETS) as TargetName[];
/** Hz and channels. */
const forms = [
  [8000, 1],
  [16_000, 2],
  [48_000, 1],
  [48_000, 2],
  [96_000, 6],
] as const;

function boundOf(input: string, to: TargetName, bitrate?: number, tagBytes = 16_384): number | null {
  using decoder = openDecoder(input);
  const { info } = decoder;
  return mostBytes(info, planTarget(info, { to, ...(bitrate !== undefined && { bitrate }) }), tagBytes);
}

describe('the most bytes of an output', () => {
  test.each(
    targets.flatMap((to) => forms.map(([rate, channels]) => ({ to, rate, channels }))),
  )('are no fewer than it has of noise: $to of $rate Hz and $channels channels', ({ to, rate, channels }) => {
    const planes = Array.from({ length: channels }, (_, seed) => noise(rate * 5, 24, seed + 1));
    const input = writeWav(at('noise.wav'), planes, { rate, format: 's24' });
    for (const bitrate of [undefined, 10_000_000]) {
      const job = bitrate === undefined ? {} : { bitrate };
      const { bytesWritten } = convert(input, at(`noise.${to}`), to, job);
      const bound = boundOf(input, to, bitrate) as number;
      expect(bytesWritten).toBeLessThanOrEqual(bound);
      // Not so many that they say nothing, either.
      expect(bound).toBeLessThan(rate * channels * 4 * 7 + 300_000);
    }
  });

  test('are those of its tags besides', () => {
    const input = writeWav(at('short.wav'), [noise(100, 16)], { rate: 48_000 });
    const [without, withTags] = [0, 1_000_000].map((bytes) => boundOf(input, 'mp3', undefined, bytes));
    expect((withTags as number) - (without as number)).toBe(1_000_000);
  });

  test('are not known where the source does not say how long it is', () => {
    expect(boundOf(new URL('fixtures/tone.caf', import.meta.url).pathname, 'mp3')).toBeNull();
  });
});
