import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { createSink, type MadeSink } from '../../src/audio/sinks/create-sink.ts';
import { openSource } from '../../src/audio/sources/open-source.ts';
import { partOf } from '../../src/audio/sources/part.ts';
import type { Source } from '../../src/audio/sources/source.ts';
import { convert as convertSource, transcode } from '../../src/audio/transcode.ts';
import { dirtyShard } from '../stand.ts';
import { convert, scratch } from './audio-files.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const CHECKED = { hash: true, verify: true };

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Of raw samples, as a WAV holds them behind its last header. */
function soundOf(path: string, bytes: number): Buffer {
  const all = readFileSync(path);
  const start = all.indexOf('data') + 8;
  return all.subarray(start, start + bytes);
}

describe('an output that is looked at before it appears', () => {
  test.each(NAMES)('%s has the digest of its bytes, and its samples are those that were encoded', (to) => {
    const input = writeWav(at('in.wav'), [noise(30_011, 16, 1), noise(30_011, 16, 2)], { rate: 48_000 });
    const plain = convert(input, at(`plain.${to}`), to);
    expect([plain.sha256, plain.samples]).toEqual([null, null]);
    const checked = convert(input, at(`checked.${to}`), to, CHECKED);
    const bytes = readFileSync(at(`checked.${to}`));
    expect(bytes.equals(readFileSync(at(`plain.${to}`)))).toBe(true);
    expect(checked.sha256).toBe(sha256(bytes));
    expect(checked.samples).toBe(TARGETS[to].lossless ? sha256(soundOf(input, 30_011 * 4)) : null);
    expect(checked.warnings).toEqual(plain.warnings);
  });

  test.each([
    { bits: 8, format: 'u8' as const },
    { bits: 16, format: 's16' as const },
    { bits: 24, format: 's24' as const },
    { bits: 32, format: 's32' as const },
    { bits: 32, format: 'f32' as const },
  ])('of $format has the digest of its samples as raw ones, in WAV and FLAC', ({ bits, format }) => {
    for (const channels of [1, 2, 3, 8]) {
      const frames = 20_000;
      const planes = Array.from({ length: channels }, (_, channel) =>
        format === 'f32'
          ? Float64Array.from(noise(frames, 16, channel), (value) => value / 32_768)
          : noise(frames, bits, channel).map((value) => value + (format === 'u8' ? 128 : 0)),
      );
      const input = writeWav(at(`${format}.wav`), planes, { format });
      const wav = convert(input, at('out.wav'), 'wav', CHECKED);
      const raw = sha256(soundOf(at('out.wav'), (frames * channels * bits) / 8));
      expect(wav.samples).toBe(raw);
      if (format === 'f32' || format === 'u8') continue;
      expect(convert(at('out.wav'), at('out.flac'), 'flac', CHECKED).samples).toBe(raw);
      // Whatever of the two was asked for.
      for (const asked of [{ hash: true }, { verify: true }]) {
        expect(convert(input, at('out.flac'), 'flac', asked).samples).toBe(raw);
      }
    }
  });

  test.each(NAMES)('%s is compared at its own length and rate, after a change of them', (to) => {
    for (const frames of [47, 1152, 6151, 12_345]) {
      const input = writeWav(at('odd.wav'), [noise(frames, 16)], { rate: 44_100 });
      for (const rate of [8000, 22_050, 48_000]) {
        const result = convert(input, at(`resampled.${to}`), to, { rate, gainDb: -3, ...CHECKED });
        expect(result.frames).toBe(Math.round((frames * result.sampleRate) / 44_100));
      }
    }
  });

  test.each(['wav', 'flac'] as const)('may be empty: %s', (to) => {
    const input = writeWav(at('nothing.wav'), [[]]);
    expect(convert(input, at(`empty.${to}`), to, CHECKED)).toMatchObject({
      frames: 0,
      samples: sha256(Buffer.alloc(0)),
    });
  });

  test('in leases or in a spooled file is the same', () => {
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    for (const to of NAMES) {
      const expected = convert(input, at(`file.${to}`), to, CHECKED);
      for (const mostOutputBytes of [64 * 1024 * 1024, 1]) {
        const pool = dirtyShard({ mostOutputBytes, spoolFolder: at('.') });
        const { leases, file, sha256, samples } = transcode(
          { input, output: { leases: true }, to, ...CHECKED },
          { pool, signal: new AbortController().signal, block: { bytes: 65_536 } },
        );
        expect([sha256, samples]).toEqual([expected.sha256, expected.samples]);
        expect([leases === null, file === null]).toEqual([mostOutputBytes === 1, mostOutputBytes !== 1]);
        for (const lease of leases ?? []) lease.release();
        file?.[Symbol.dispose]();
        expect(pool.lent).toBe(0);
      }
    }
  });

  test('tells how far it is without going back', () => {
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    const told: number[] = [];
    convert(input, at('told.flac'), 'flac', { ...CHECKED, progress: (fraction) => told.push(fraction) });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect([told.at(-1), told.indexOf(1) > told.length / 2]).toEqual([1, true]);
  });

  test('that is cancelled while it is read again does not appear', () => {
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    const controller = new AbortController();
    const reason = new Error('enough');
    const job = {
      ...CHECKED,
      signal: controller.signal,
      progress: (fraction: number) => {
        if (fraction > 0.8) controller.abort(reason);
      },
    };
    expect(() => convert(input, at('cancelled.flac'), 'flac', job)).toThrow(reason);
    expect(existsSync(at('cancelled.flac'))).toBe(false);
  });
});

const FRAMES = 20_000;

/**
 * Converts an audio file into a file and into leases, with something done to the output between its encoder
 * and its place.
 * @returns what was said of both; `whole` of one that appeared
 */
function broken(input: string, to: TargetName, breakIt: (sink: MadeSink) => Source | null): string[] {
  const pool = dirtyShard();
  const ended = [at(`broken.${to}`), { leases: true as const }].map((output) => {
    try {
      const { leases } = convertSource(
        openSource(input),
        { to, totalFrames: 0 },
        { pool, signal: new AbortController().signal, block: { bytes: 65_536 } },
        {
          checks: { verify: true },
          create({ mostBytes }) {
            const sink = createSink(output, pool, mostBytes);
            return { ...sink, written: () => breakIt(sink) ?? sink.written() };
          },
        },
      );
      for (const lease of leases ?? []) lease.release();
      return 'whole';
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_OUTPUT_VERIFY' });
      return (error as Error).message;
    }
  });
  expect(pool.lent).toBe(0);
  return ended;
}

function stereo(frames: number): string {
  const planes = [noise(frames, 16, 1), noise(frames, 16, 2)];
  return writeWav(at(`${frames}.wav`), planes, { rate: 48_000 });
}

function flip(sink: MadeSink, position: number): null {
  const byte = new Uint8Array(1);
  {
    using source = sink.written();
    source.read(byte, position);
  }
  sink.write(Uint8Array.of(byte[0] ^ 1), position);
  return null;
}

describe('an output that is not what was encoded does not appear', () => {
  test.each(NAMES)('%s of one frame less, or more', (to) => {
    for (const frames of [FRAMES - 1, FRAMES + 1]) {
      convert(stereo(frames), at(`other.${to}`), to);
      const ended = broken(stereo(FRAMES), to, () => openSource(at(`other.${to}`)));
      for (const message of ended) expect(message).toContain(`got ${frames} frames for ${FRAMES}`);
    }
    expect(existsSync(at(`broken.${to}`))).toBe(false);
    expect(readdirSync(at('.')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test.each(NAMES)('%s that lacks its end', (to) => {
    // The last packet of an MP3 is padding, and the end of an M4A tags: no sound is missing there.
    const most = to === 'mp3' || to === 'm4a' ? 0.9 : 0.999;
    for (const share of [0.01, 0.5, most]) {
      const ended = broken(stereo(FRAMES), to, (sink) => {
        return partOf(sink.written(), 0, Math.floor(sink.size() * share));
      });
      expect(ended).not.toContain('whole');
    }
  });

  // Pages of Ogg have checksums.
  const exact = ['wav', 'flac', 'ogg', 'opus'] as const;
  test.each(exact)('%s with one bit of its sound the other way', (to) => {
    for (const share of [0.1, 0.333, 0.5, 0.7, 0.999]) {
      const ended = broken(stereo(FRAMES), to, (sink) => flip(sink, Math.floor(sink.size() * share)));
      expect(ended).not.toContain('whole');
    }
  });

  test('wav with the last place of a float other', () => {
    const planes = [Float64Array.from(noise(FRAMES, 16), (value) => value / 32_768)];
    const input = writeWav(at('float.wav'), planes, { format: 'f32' });
    const ended = broken(input, 'wav', (sink) => flip(sink, sink.size() - 4000));
    for (const message of ended) expect(message).toContain('got other samples in ');
  });

  test.each([
    [{ gainDb: -0.1 }, 'other samples'],
    [{ rate: 44_100 }, '44100 Hz for 48000'],
    [{ channels: 1 }, '1 channels for 2'],
  ])('flac of %o', (settings, said) => {
    convert(stereo(FRAMES), at('another.flac'), 'flac', settings);
    const ended = broken(stereo(FRAMES), 'flac', () => openSource(at('another.flac')));
    for (const message of ended) expect(message).toContain(`got ${said} in `);
  });

  test('where somebody else removed it', () => {
    const ended = broken(stereo(FRAMES), 'mp3', () => {
      for (const name of readdirSync(at('.'))) if (name.endsWith('.part')) rmSync(at(name));
      return null;
    });
    expect(ended).toEqual([expect.stringContaining('got no audio that decodes in '), 'whole']);
  });
});
