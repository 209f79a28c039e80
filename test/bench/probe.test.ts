import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probe } from '../../bench/probe.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-probe-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function probed(...parts: (string | number[] | Buffer)[]) {
  const file = join(folder, 'audio');
  writeFileSync(
    file,
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
    ),
  );
  return probe(file);
}

function uint(bytes: 2 | 4 | 8, value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, bytes);
}

function wav(dataBytes: number, statedBytes = dataBytes) {
  const format = [uint(2, 1), uint(2, 2), uint(4, 44_100), uint(4, 264_600), uint(2, 6), uint(2, 24)];
  const odd = ['LIST', uint(4, 3), 'abc\0'];
  return [
    'RIFF',
    uint(4, 0),
    'WAVE',
    ...odd,
    'fmt ',
    uint(4, 16),
    ...format,
    'data',
    uint(4, statedBytes),
    Buffer.alloc(dataBytes),
  ];
}

describe("the benchmark's own reader", () => {
  it('reads a WAV, past chunks of odd length', () => {
    expect(probed(...wav(60))).toEqual({ codec: 'pcm', rate: 44_100, channels: 2, bits: 24, frames: 10 });
  });

  it('counts the frames that are there when a WAV was streamed and states none', () => {
    expect(probed(...wav(60, 0xffff_ffff))?.frames).toBe(10);
  });

  it('reads a FLAC', () => {
    const packed = Buffer.alloc(8);
    packed.writeBigUInt64BE((96_000n << 44n) | (5n << 41n) | (23n << 36n) | 0x9_8765_4321n);
    const facts = probed('fLaC', Buffer.alloc(14), packed, Buffer.alloc(16));
    expect(facts).toEqual({ codec: 'flac', rate: 96_000, channels: 6, bits: 24, frames: 0x9_8765_4321 });
  });

  it('reads an Ogg Vorbis from its first and its last page', () => {
    const first = Buffer.alloc(28);
    const last = Buffer.concat([Buffer.from('OggS\0\0'), uint(8, 21_900), Buffer.alloc(20)]);
    first.write('OggS');
    const facts = probed(first, '\x01vorbis', uint(4, 0), [2], uint(4, 48_000), Buffer.alloc(30), last);
    expect(facts).toEqual({ codec: 'vorbis', rate: 48_000, channels: 2, bits: undefined, frames: 21_900 });
  });

  it.each([
    {
      version: 'MPEG-1 stereo',
      header: [0xff, 0xfb, 0x94, 0x00],
      side: 32,
      rate: 48_000,
      channels: 2,
      packet: 1152,
    },
    {
      version: 'MPEG-2.5 mono',
      header: [0xff, 0xe3, 0x98, 0xc0],
      side: 9,
      rate: 8000,
      channels: 1,
      packet: 576,
    },
  ])('reads an MP3 of $version behind an ID3 tag', ({ header, side, rate, channels, packet }) => {
    const id3 = ['ID3', [4, 0, 0, 0, 0, 1, 2], Buffer.alloc(130)];
    const xing = ['Xing', [0, 0, 0, 15], [0, 0, 0, 9], Buffer.alloc(4 + 100 + 4)];
    // delay 0x451, padding 0x234
    const lame = ['LAME3.100', Buffer.alloc(12), [0x45, 0x12, 0x34], Buffer.alloc(12)];
    const facts = probed(...id3, header, Buffer.alloc(side), ...xing, ...lame);
    expect(facts).toEqual({
      codec: 'mp3',
      rate,
      channels,
      bits: undefined,
      frames: 9 * packet - 0x451 - 0x234,
    });
  });

  it('says so when it knows nothing', () => {
    expect(probed('something else that is long enough to be read')).toBeUndefined();
  });
});
