import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, readAll, scratch } from './audio-files.ts';
import { withHeaderGain, withSerial } from './ogg.ts';
import { remux } from './remux.ts';
import { noise, to16, tone, writeWav } from './wav.ts';

const at = scratch();
const NOTE = 'Its rate, channels or sample format change in the middle: all of it was decoded as it begins.';

/** Clips of different shapes; their sounds differ too, so that none is taken for another. */
const CLIPS = {
  mono: { rate: 44_100, channels: 1 },
  stereo: { rate: 44_100, channels: 2 },
  fast: { rate: 48_000, channels: 2 },
  slow: { rate: 22_050, channels: 1 },
};
type Clip = keyof typeof CLIPS;
const FORMATS = ['mp3', 'aac', 'ogg', 'opus', 'oga'] as const;
type Format = (typeof FORMATS)[number] | 'flac';
const PAIRS: readonly (readonly [Clip, Clip])[] = [
  ['mono', 'stereo'],
  ['stereo', 'mono'],
  ['stereo', 'fast'],
  ['fast', 'stereo'],
  ['mono', 'slow'],
  ['slow', 'fast'],
];

const file = (clip: Clip, format: Format) => at(`${clip}.${format}`);

beforeAll(() => {
  for (const [clip, { rate, channels }] of Object.entries(CLIPS)) {
    const planes = Array.from({ length: channels }, (_, channel) =>
      to16(tone(rate / 5, rate, 300 + 10 * clip.length + 200 * channel, 0.4)),
    );
    writeWav(at(`${clip}.wav`), planes, { rate });
    for (const to of ['mp3', 'ogg', 'opus', 'flac'] as const) {
      convert(at(`${clip}.wav`), at(`${clip}.${to}`), to);
    }
    convert(at(`${clip}.wav`), at(`${clip}.m4a`), 'm4a');
    remux(at(`${clip}.m4a`), file(clip as Clip, 'aac'), 'adts');
    remux(file(clip as Clip, 'flac'), file(clip as Clip, 'oga'), 'ogg');
  }
});

/** Several files of one format, one behind the other. */
function joined(clips: readonly Clip[], format: Format): string {
  const path = at(`${clips.join('-')}.${format}`);
  writeFileSync(path, Buffer.concat(clips.map((clip) => readFileSync(file(clip, format)))));
  return path;
}

describe('an audio file that changes its rate or channels', () => {
  test.each(
    FORMATS.flatMap((format) => PAIRS.map((clips) => ({ format, clips }))),
  )('goes on in its first format: $format, $clips', ({ format, clips }) => {
    const [first, second] = clips;
    const decoded = readAll(joined(clips, format));
    const { sampleRate, channels } = readAll(file(first, format)).info;
    expect(decoded.info).toMatchObject({ sampleRate, channels });
    const changes = format !== 'opus' || CLIPS[first].channels !== CLIPS[second].channels;
    expect(decoded.warnings.includes(NOTE)).toBe(changes);

    // What the second one is by itself, at that rate and with those channels.
    convert(file(second, format), at('alone.wav'), 'wav', { rate: sampleRate, channels, bits: 24 });
    const alone = readAll(at('alone.wav'));
    const before = readAll(file(first, format));
    // An MP3's end is not where its first header says it is, if there is more behind it.
    const padded = format === 'mp3' ? 3 * 1152 * Math.max(1, sampleRate / CLIPS[second].rate) : 1;
    expect(Math.abs(decoded.frames - before.frames - alone.frames)).toBeLessThanOrEqual(padded);
    for (const [channel, plane] of decoded.planes.entries()) {
      expect(plane.subarray(0, before.frames)).toEqual(before.planes[channel]);
      // A lossy decoder needs its time to start, and a resampler's ends ring.
      const [from, to] = [3000, alone.frames - 100];
      const behind = plane.subarray(decoded.frames - alone.frames);
      if (format === 'ogg' || format === 'opus' || format === 'oga') {
        expect(worst(behind.subarray(from, to), alone.planes[channel].subarray(from, to))).toBeLessThan(1e-4);
      } else expect(levelOf(behind)).toBeCloseTo(levelOf(alone.planes[channel]), 1);
    }
  });

  test('says so once, however often it changes, and comes out the same whatever the block sizes are', () => {
    const path = joined(['stereo', 'mono', 'fast', 'stereo', 'slow', 'mono', 'mono'], 'mp3');
    const usual = convert(path, at('usual.flac'), 'flac', { rate: 48_000, fadeOutSeconds: 0.1 });
    expect(usual.warnings.filter((warning) => warning === NOTE)).toHaveLength(1);
    for (const bytes of [8, 1000, 12_345, 1_000_000]) {
      const job = { rate: 48_000, fadeOutSeconds: 0.1, block: { bytes } };
      expect(convert(path, at('other.flac'), 'flac', job)).toEqual(usual);
      expect(readFileSync(at('other.flac')).equals(readFileSync(at('usual.flac')))).toBe(true);
    }
    expect(Math.abs(readAll(at('usual.flac')).planes[0].at(-1) ?? 1)).toBeLessThan(0.01);
  });

  test.each([
    ['of one rate', 44_100, 44_100],
    ['of several rates', 44_100, 22_050],
  ])('loses nothing where it changes with every frame: %s', (_what, rate, other) => {
    const links = [
      { rate, channels: 2 },
      { rate: other, channels: 1 },
    ].map((form) => {
      const planes = Array.from({ length: form.channels }, () => Array(600).fill(form.channels * 4000));
      writeWav(at('step.wav'), planes, { rate: form.rate });
      convert(at('step.wav'), at('step.flac'), 'flac');
      return readFileSync(remux(at('step.flac'), at('step.oga'), 'ogg'));
    });
    writeFileSync(at('steps.oga'), Buffer.concat(Array(10).fill(links).flat()));
    const { planes, frames, warnings } = readAll(at('steps.oga'), 'f32', 1000);
    const step = 600 + (600 * rate) / other;
    expect([frames, warnings]).toEqual([10 * step, [NOTE]]);
    for (let i = 0; i < 10; i++) {
      expect(planes[0][i * step + 300]).toBeCloseTo(8000 / 32_768, 2);
      expect(planes[1][i * step + 600 + (step - 600) / 2]).toBeCloseTo(4000 / 32_768, 2);
    }
  });

  test('of FLAC goes on too, where its frames change', () => {
    // FFmpeg loses the last frames of a change where there are fewer than ten behind it.
    for (const clip of ['mono', 'stereo'] as const) {
      const { rate, channels } = CLIPS[clip];
      const planes = Array.from({ length: channels }, (_, channel) =>
        to16(tone(1.3 * rate, rate, 300 + channel, 0.4)),
      );
      writeWav(at('long.wav'), planes, { rate });
      convert(at('long.wav'), at(`long-${clip}.flac`), 'flac');
    }
    const [mono, stereo] = ['mono', 'stereo'].map((clip) => readFileSync(at(`long-${clip}.flac`)));
    writeFileSync(at('frames.flac'), Buffer.concat([mono, framesOf(stereo)]));
    const { frames, planes, warnings } = readAll(at('frames.flac'));
    const before = readAll(at('long-mono.flac'));
    expect([frames, warnings]).toEqual([2 * before.frames, [NOTE]]);
    expect(planes[0].subarray(0, before.frames)).toEqual(before.planes[0]);
  });
});

/** A FLAC file without its header. */
function framesOf(flac: Buffer): Buffer {
  let at = 4;
  for (let last = false; !last; ) {
    last = (flac[at] & 0x80) !== 0;
    at += 4 + flac.readUIntBE(at + 1, 3);
  }
  return flac.subarray(at);
}

describe('chained ogg', () => {
  test('applies to each link the gain of its own header', () => {
    const opus = readFileSync(file('mono', 'opus'));
    const links = [opus, withHeaderGain(opus, -6 * 256), withHeaderGain(opus, 3 * 256)];
    writeFileSync(at('gains.opus'), Buffer.concat(links));
    const { planes, warnings } = readAll(at('gains.opus'));
    const frames = planes[0].length / links.length;
    const levels = links.map((_, link) =>
      levelOf(planes[0].subarray(link * frames + 1000, (link + 1) * frames)),
    );
    expect(20 * Math.log10(levels[1] / levels[0])).toBeCloseTo(-6, 1);
    expect(20 * Math.log10(levels[2] / levels[0])).toBeCloseTo(3, 1);
    expect(warnings).toEqual([]);
  });

  test('goes on in another codec', () => {
    const formats = ['ogg', 'opus', 'oga', 'ogg'] as const;
    writeFileSync(
      at('codecs.ogg'),
      Buffer.concat(formats.map((format) => readFileSync(file('mono', format)))),
    );
    const { frames, info, warnings } = readAll(at('codecs.ogg'));
    expect(info).toMatchObject({ codec: 'vorbis', channels: 1, sampleRate: 44_100 });
    expect([frames, warnings]).toEqual([4 * 8820, [NOTE]]);
  });

  test.each(['ogg', 'opus', 'oga'] as const)('of one number is as whole as one of several: %s', (format) => {
    const clip = readFileSync(file('mono', format));
    writeFileSync(at('same'), Buffer.concat([clip, clip, clip]));
    writeFileSync(at('several'), Buffer.concat([clip, withSerial(clip, 7), withSerial(clip, 8)]));
    const one = readAll(file('mono', format));
    const same = readAll(at('same'));
    expect([same.frames, same.warnings]).toEqual([3 * one.frames, []]);
    expect(same.planes).toEqual(readAll(at('several')).planes);
    for (const link of [0, 1, 2]) {
      const part = same.planes[0].subarray(link * one.frames, (link + 1) * one.frames);
      expect(part).toEqual(one.planes[0]);
    }
  });

  test('keeps whole numbers of 32 bits, where it begins with such', () => {
    const planes = [1, 2].map((seed) => noise(20_000, 32, seed));
    const links = [planes, planes.slice(1)].map((some) => {
      writeWav(at('deep.wav'), some, { format: 's32' });
      convert(at('deep.wav'), at('deep.flac'), 'flac');
      return readFileSync(remux(at('deep.flac'), at('deep.oga'), 'ogg'));
    });
    writeFileSync(at('deep.oga'), Buffer.concat(links));
    const decoded = readAll(at('deep.oga'), 's32');
    expect(decoded.warnings).toEqual([NOTE]);
    expect(decoded.planes.map((plane) => Array.from(plane.subarray(0, 20_000)))).toEqual(planes);
    // Through floats, which hold 24 bits.
    for (const plane of decoded.planes) {
      expect(worst(plane.subarray(20_000), planes[1])).toBeLessThanOrEqual(256);
    }
  });

  test('of more bits than it begins with is rounded, and says so', () => {
    const links = ([16, 24] as const).map((bits) => {
      writeWav(at('depth.wav'), [noise(20_000, bits)], { format: `s${bits}` });
      convert(at('depth.wav'), at('depth.flac'), 'flac');
      return readFileSync(remux(at('depth.flac'), at('depth.oga'), 'ogg'));
    });
    writeFileSync(at('depths.oga'), Buffer.concat(links));
    const result = convert(at('depths.oga'), at('depths.wav'), 'wav');
    expect(result).toMatchObject({ frames: 40_000, bits: 16, warnings: [NOTE] });
  });

  test('announces all its links', () => {
    const path = joined(['mono', 'stereo', 'mono'], 'ogg');
    expect(readAll(path).info.announcedFrames).toBe(3 * 8820);
  });

  test('plays on over a link that is no audio, with a note', () => {
    const ogg = readFileSync(file('mono', 'ogg'));
    const broken = Buffer.from(ogg);
    broken.fill(0x55, 28, 58);
    writeFileSync(at('broken.ogg'), Buffer.concat([ogg, broken, ogg]));
    const { frames, warnings } = readAll(at('broken.ogg'));
    expect(frames).toBe(2 * 8820);
    expect(warnings).toEqual(['Parts of the file are no audio that can be read, and were left out.']);
  });
});

function levelOf(samples: ArrayLike<number>): number {
  const all = Array.from(samples);
  return Math.sqrt(all.reduce((sum, sample) => sum + sample * sample, 0) / all.length);
}

function worst(some: ArrayLike<number>, others: ArrayLike<number>): number {
  return Array.from(some).reduce((most, sample, i) => Math.max(most, Math.abs(sample - others[i])), 0);
}
