import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { convert, readAll, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';
import { noise, to16, tone, wav, writeWav } from './wav.ts';

const at = scratch();

describe('damage', () => {
  test('in a lossless file is an error that says where', () => {
    writeWav(at('whole.wav'), [noise(100_000, 16)]);
    convert(at('whole.wav'), at('whole.flac'), 'flac');
    const bytes = readFileSync(at('whole.flac'));
    bytes.fill(0x55, 100_000, 100_400);
    writeFileSync(at('damaged.flac'), bytes);
    expect(() => convert(at('damaged.flac'), at('damaged.wav'), 'wav')).toThrow(
      refusal('ERR_AUDIO_DECODE', /damage after frame \d+/),
    );
  });

  test('in a lossy file is played over, with a warning', () => {
    writeWav(at('lossy.wav'), [to16(tone(100_000, 44_100, 440))]);
    convert(at('lossy.wav'), at('lossy.m4a'), 'm4a');
    const bytes = readFileSync(at('lossy.m4a'));
    bytes.fill(0xaa, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.6));
    writeFileSync(at('damaged.m4a'), bytes);
    const { warnings, frames } = convert(at('damaged.m4a'), at('damaged.mp3'), 'mp3');
    expect(frames).toBeGreaterThan(50_000);
    expect(warnings.join()).toMatch(/^Skipped \d+ damaged packets\.$/);
  });

  test('of all there is in a lossy file is an error', () => {
    writeWav(at('lossy.wav'), [to16(tone(100_000, 44_100, 440))]);
    convert(at('lossy.wav'), at('lossy.m4a'), 'm4a');
    const bytes = readFileSync(at('lossy.m4a'));
    const sound = bytes.indexOf('mdat') + 4;
    bytes.fill(0xff, sound, sound - 4 + bytes.readUInt32BE(sound - 8));
    writeFileSync(at('nothing.m4a'), bytes);
    expect(() => convert(at('nothing.m4a'), at('nothing.mp3'), 'mp3')).toThrow(
      refusal('ERR_AUDIO_DECODE', /got \d+ damaged packets and nothing else/),
    );
  });

  test('of the end of a wav file is a warning, and what is there is kept', () => {
    const bytes = wav([noise(1000, 16)]);
    writeFileSync(at('cut.wav'), bytes.subarray(0, bytes.length - 400));
    const { warnings, frames } = convert(at('cut.wav'), at('cut.flac'), 'flac');
    expect(frames).toBe(800);
    expect(warnings).toEqual(['The file is cut off, or its header is wrong: what is there was decoded.']);
  });

  test.each([
    { kept: 1000, warned: 0 },
    { kept: 700, warned: 1 },
  ])('of the end of an RF64 file is a warning too: $kept of 1000 frames', ({ kept, warned }) => {
    const samples = noise(1000, 16);
    const plain = wav([samples]);
    const sizes = Buffer.alloc(36);
    sizes.write('ds64', 'latin1');
    sizes.writeUInt32LE(28, 4);
    sizes.writeBigUInt64LE(BigInt(plain.length + 28), 8);
    sizes.writeBigUInt64LE(2000n, 16);
    sizes.writeBigUInt64LE(1000n, 24);
    plain.write('RF64', 'latin1');
    plain.writeUInt32LE(0xffff_ffff, 4);
    plain.writeUInt32LE(0xffff_ffff, 40);
    const bytes = Buffer.concat([plain.subarray(0, 12), sizes, plain.subarray(12)]);
    writeFileSync(at('large.wav'), bytes.subarray(0, bytes.length - 2 * (1000 - kept)));
    const { planes, warnings } = readAll(at('large.wav'), 's32');
    expect(Array.from(planes[0])).toEqual(samples.slice(0, kept).map((sample) => sample * 65_536));
    expect(warnings).toHaveLength(warned);
  });

  test.each([
    ['a wav without its samples', 'wav', () => wav([noise(1000, 16)]).subarray(0, 44)],
    ['an ogg', 'ogg', () => encoded('ogg', 0.6)],
    ['an opus', 'opus', () => encoded('opus', 0.6)],
    ['an mp3', 'mp3', () => encoded('mp3', 0.6)],
  ] as const)('that cuts off %s is a warning', (_what, extension, bytes) => {
    writeFileSync(at(`cut.${extension}`), bytes());
    expect(convert(at(`cut.${extension}`), at('cut-out.wav'), 'wav').warnings).toContain(
      'The file is cut off, or its header is wrong: what is there was decoded.',
    );
    if (extension !== 'wav') {
      writeFileSync(at(`whole.${extension}`), encoded(extension, 1));
      expect(convert(at(`whole.${extension}`), at('cut-out.wav'), 'wav').warnings).toEqual([]);
    }
  });

  /** The first part of an audio file in that format. */
  function encoded(to: 'ogg' | 'opus' | 'mp3', part: number): Buffer {
    writeWav(at('to-cut.wav'), [to16(tone(200_000, 48_000, 440))], { rate: 48_000 });
    convert(at('to-cut.wav'), at(`to-cut.${to}`), to);
    const bytes = readFileSync(at(`to-cut.${to}`));
    return bytes.subarray(0, Math.floor(bytes.length * part));
  }

  test('of a pipe that could not say how long it would be is none', () => {
    const bytes = wav([noise(1000, 16)]);
    bytes.writeUInt32LE(0xffff_ffff, 40);
    writeFileSync(at('piped.wav'), bytes);
    expect(convert(at('piped.wav'), at('piped.flac'), 'flac')).toMatchObject({ frames: 1000 });
  });

  test('that removes whole frames from the end of a flac file is an error too', () => {
    writeWav(at('rest.wav'), [noise(50_000, 16)]);
    convert(at('rest.wav'), at('rest.flac'), 'flac');
    const bytes = readFileSync(at('rest.flac'));
    writeFileSync(at('short.flac'), bytes.subarray(0, bytes.length / 2));
    expect(() => convert(at('short.flac'), at('short.wav'), 'wav')).toThrow(refusal('ERR_AUDIO_DECODE'));
  });
});
