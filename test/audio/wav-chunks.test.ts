import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { appendChunks, chunksBehind } from '../../src/audio/encode/wav-chunks.ts';
import type { SampleChange } from '../../src/audio/plan/sample-change.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { byKey } from './tags.ts';
import { chunk, noise, type WavFormat, wav } from './wav.ts';

const at = scratch();

const NOT_KNOWN = 0x7fff;

/** EBU Tech 3285, version 2. */
function bext({ time = 158_760_000n, loudness = [-2300, 700, -150, -1800, -2000] } = {}): Buffer {
  const body = Buffer.alloc(602 + 20);
  body.write('A scene', 0);
  body.write('A recorder', 256);
  body.writeBigUInt64LE(time, 338);
  body.writeUInt16LE(2, 346);
  for (const [i, value] of loudness.entries()) body.writeInt16LE(value, 412 + 2 * i);
  body.write('A=PCM,F=48000,W=16\r\n', 602);
  return chunk('bext', body);
}

function cue(...positions: number[]): Buffer {
  const body = Buffer.alloc(4 + 24 * positions.length);
  body.writeUInt32LE(positions.length);
  for (const [i, position] of positions.entries()) {
    const point = 4 + 24 * i;
    body.writeUInt32LE(i + 1, point);
    body.writeUInt32LE(position, point + 4);
    body.write('data', point + 8);
    body.writeUInt32LE(position, point + 20);
  }
  return chunk('cue ', body);
}

function smpl(rate: number, start: number, last: number): Buffer {
  const body = Buffer.alloc(36 + 24);
  body.writeUInt32LE(Math.round(1e9 / rate), 8);
  body.writeUInt32LE(60, 12);
  body.writeUInt32LE(1, 28);
  body.writeUInt32LE(start, 36 + 8);
  body.writeUInt32LE(last, 36 + 12);
  return chunk('smpl', body);
}

function adtl(length: number): Buffer {
  const region = Buffer.alloc(20);
  region.writeUInt32LE(1);
  region.writeUInt32LE(length, 4);
  const label = chunk('labl', Buffer.from('\x01\0\0\0a mark\0'));
  return chunk('LIST', Buffer.concat([Buffer.from('adtl'), label, chunk('ltxt', region)]));
}

function ixml(depth: number, more = ''): Buffer {
  const text = `<?xml version="1.0"?><BWFXML><SPEED><AUDIO_BIT_DEPTH>${depth}</AUDIO_BIT_DEPTH></SPEED>${more}</BWFXML>`;
  return chunk('iXML', Buffer.from(text));
}

const other = chunk('smed', Buffer.from('odd'));

interface Source {
  readonly before?: readonly Buffer[];
  readonly behind?: readonly Buffer[];
  readonly rate?: number;
  readonly channels?: number;
  readonly format?: WavFormat;
  readonly frames?: number;
}

function source(options: Source): string {
  const { channels = 2, frames = 1001, rate = 48_000, format = 's16', ...chunks } = options;
  const bits = { u8: 8, s24: 24 }[format as string] ?? 16;
  const [scale, middle] = [format === 'f32' ? 2 ** -15 : 1, format === 'u8' ? 128 : 0];
  const planes = Array.from({ length: channels }, (_, channel) =>
    noise(frames, bits, channel + 1).map((sample) => (sample >> 1) * scale + middle),
  );
  writeFileSync(at('in.wav'), wav(planes, { rate, format, ...chunks }));
  return at('in.wav');
}

/** Whole, with their heads; the sizes and names are held against the file on the way. */
function chunksOf(path: string): Buffer[] {
  const bytes = readFileSync(path);
  expect([bytes.toString('latin1', 0, 4), bytes.readUInt32LE(4)]).toEqual(['RIFF', bytes.length - 8]);
  const chunks: Buffer[] = [];
  for (let at = 12; at < bytes.length; ) {
    expect(bytes.toString('latin1', at, at + 4)).toMatch(/^[ -~]{4}$/);
    const size = bytes.readUInt32LE(at + 4);
    const end = at + 8 + size + (size % 2);
    expect(end).toBeLessThanOrEqual(bytes.length);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

/** Those that FFmpeg's muxer does not write; of bext it makes texts, too. */
function kept(path: string): Buffer[] {
  return chunksOf(path).filter(
    (chunk) => !/^(fmt |data|fact|JUNK|LIST....INFO|id3 )/s.test(chunk.toString('latin1', 0, 12)),
  );
}

describe('from wav to wav', () => {
  test('chunks are the same, byte for byte, wherever they lay', () => {
    const before = [bext(), ixml(16), other];
    const behind = [
      cue(10, 500),
      adtl(400),
      smpl(48_000, 10, 999),
      chunk('axml', Buffer.alloc(200_001, 'x')),
    ];
    const input = source({ before, behind });
    const result = convert(input, at('out.wav'), 'wav');
    expect(kept(at('out.wav')).map((bytes) => bytes.toString('latin1'))).toEqual(
      [...before, ...behind].map((bytes) => bytes.toString('latin1')),
    );
    expect(result).toMatchObject({ warnings: [], bytesWritten: readFileSync(at('out.wav')).length });
    expect(readAll(at('out.wav')).planes).toEqual(readAll(input).planes);
    // And once more, from where they lie now.
    convert(at('out.wav'), at('again.wav'), 'wav');
    expect(readFileSync(at('again.wav')).equals(readFileSync(at('out.wav')))).toBe(true);
  });

  test('samples of odd bytes have their own byte between', () => {
    const input = source({ before: [other], channels: 1, format: 'u8' });
    convert(input, at('odd.wav'), 'wav');
    expect(kept(at('odd.wav'))).toEqual([other]);
    expect(readAll(at('odd.wav')).frames).toBe(1001);
  });

  test('chunks of the file itself, of tags and of filling are no others', () => {
    const before = [
      chunk('JUNK', Buffer.alloc(28)),
      chunk('fact', Buffer.alloc(4)),
      chunk('PAD ', Buffer.alloc(9)),
    ];
    const input = source({
      before,
      behind: [chunk('FLLR', Buffer.alloc(5)), chunk('id3 ', Buffer.alloc(7))],
    });
    expect(convert(input, at('own.wav'), 'wav').warnings).toEqual([]);
    expect(kept(at('own.wav'))).toEqual([]);
    expect(convert(input, at('own.flac'), 'flac').warnings).toEqual([]);
  });

  test('positions move with the rate', () => {
    const before = [bext({ time: 48_000n * 3600n }), cue(0, 12_000, 0xffff_fff0)];
    const behind = [
      adtl(24_000),
      smpl(48_000, 12_000, 23_999),
      chunk('plst', Buffer.from('\x01\0\0\0\x01\0\0\0\xc0\x5d\0\0\x05\0\0\0', 'latin1')),
    ];
    const input = source({ before, behind, frames: 48_000 });
    expect(convert(input, at('rate.wav'), 'wav', { rate: 96_000 }).warnings).toEqual([]);
    const [time, cues, labels, loops, list] = kept(at('rate.wav'));
    expect(time.readBigUInt64LE(8 + 338)).toBe(96_000n * 3600n);
    expect(cues).toEqual(cue(0, 24_000, 0xffff_ffff));
    expect(labels).toEqual(adtl(48_000));
    expect(loops).toEqual(smpl(96_000, 24_000, 47_999));
    expect(list.readUInt32LE(8 + 8)).toBe(48_000);
    expect(list.readUInt32LE(8 + 12)).toBe(5);
  });

  test.each([
    ['another rate', { rate: 96_000 }, 'iXML, smed', ['axml', 'chna', 'cue ']],
    ['other channels', { channels: 1 }, 'axml, chna, iXML, smed', ['cue ']],
  ])('by %s those that may be wrong are left out, with a note', (_what, job, names, left) => {
    const before = [ixml(16), other, chunk('chna', Buffer.alloc(4)), chunk('axml', Buffer.alloc(6)), cue(1)];
    const { warnings } = convert(source({ before }), at('left.wav'), 'wav', job);
    expect(warnings).toEqual([`Its ${names} chunks were left out: the samples are not as they were.`]);
    expect(
      kept(at('left.wav'))
        .map((bytes) => bytes.toString('latin1', 0, 4))
        .sort(),
    ).toEqual(left);
  });

  test('the time that bext became a tag of moves with the rate, too', () => {
    const input = source({ before: [bext({ time: 44_100n * 7200n })], rate: 44_100 });
    convert(input, at('time.flac'), 'flac', { rate: 48_000 });
    const time = () => byKey(readAll(at('time.flac')).info.tags).TIME_REFERENCE;
    expect(time()).toBe(String(48_000 * 7200));
    convert(input, at('time.flac'), 'flac');
    expect(time()).toBe(String(44_100 * 7200));
  });

  test('a gain reaches the loudness of bext, and what nobody knows is not said', () => {
    const levels = (name: string) =>
      Array.from({ length: 5 }, (_, i) => kept(at(name))[0].readInt16LE(8 + 412 + 2 * i));
    const input = source({ before: [bext()] });
    convert(input, at('gain.wav'), 'wav', { gainDb: -3.5 });
    expect(levels('gain.wav')).toEqual([-2650, 700, -500, -2150, -2350]);
    // The peak of -1.5 dB would be clipped.
    convert(input, at('clip.wav'), 'wav', { gainDb: 2 });
    convert(input, at('fade.wav'), 'wav', { fadeInSeconds: 0.01 });
    const unknown = Array(5).fill(NOT_KNOWN);
    expect([levels('clip.wav'), levels('fade.wav')]).toEqual([unknown, unknown]);
    convert(
      source({ before: [bext({ loudness: [NOT_KNOWN, 700, -150, -1800, -2000] })] }),
      at('part.wav'),
      'wav',
      {
        gainDb: -1,
      },
    );
    expect(levels('part.wav')).toEqual([NOT_KNOWN, 700, -250, -1900, -2100]);
  });

  test('iXML says the depth that the file has now', () => {
    convert(source({ before: [ixml(24)], format: 's24' }), at('depth.wav'), 'wav', { bits: 16 });
    expect(kept(at('depth.wav'))).toEqual([ixml(16)]);
    const loud = ixml(16, '<LOUDNESS/>');
    const { warnings } = convert(source({ before: [loud] }), at('loud.wav'), 'wav', { gainDb: -1 });
    expect(warnings).toEqual(['Its iXML chunk was left out: the samples are not as they were.']);
  });

  test("peaks are kept as long as no sample changes, and else are nobody's loss", () => {
    const peak = chunk('PEAK', Buffer.alloc(24, 1));
    const input = source({ before: [peak], format: 'f32' });
    convert(input, at('peak.wav'), 'wav');
    expect(kept(at('peak.wav'))).toEqual([peak]);
    expect(convert(input, at('peak-gain.wav'), 'wav', { gainDb: -1 }).warnings).toEqual([]);
    expect(kept(at('peak-gain.wav'))).toEqual([]);
  });

  test.each<[what: string, bytes: (whole: Buffer) => Buffer]>([
    ['that claims more than there is', (whole) => whole.subarray(0, whole.length - 10)],
    [
      'whose name is none',
      (whole) => Buffer.concat([whole, Buffer.from('\0\x01\x02\x03\x04\0\0\0abcd', 'latin1')]),
    ],
    ['of a cut-off head', (whole) => Buffer.concat([whole, Buffer.from('cue ')])],
  ])('a chunk %s is none', (_what, change) => {
    const input = source({ before: [other], behind: [cue(1, 2, 3)] });
    writeFileSync(input, change(readFileSync(input)));
    convert(input, at('odd-chunk.wav'), 'wav');
    expect(kept(at('odd-chunk.wav'))[0]).toEqual(other);
  });

  test('behind samples of unknown length nothing is taken for a chunk', () => {
    const whole = readFileSync(source({ before: [other], channels: 1 }));
    const data = whole.indexOf('data');
    whole.writeUInt32LE(0, data + 4);
    whole.write('cue \x04\0\0\0', data + 8, 'latin1');
    writeFileSync(at('pipe.wav'), whole);
    convert(at('pipe.wav'), at('piped.wav'), 'wav');
    expect(kept(at('piped.wav'))).toEqual([other]);
  });

  test('over 4 GiB the size has 64 bits, and what no more fits into 32 is left out', () => {
    const added: Record<number, Buffer> = {};
    const sink = (size: number) => ({
      ...{ name: 'x', bytes: { kind: 'file' as const, handle: 'x' }, commit: () => 0, discard() {} },
      size: () => size,
      write: (bytes: Uint8Array, position: number) => {
        added[position] = Buffer.from(bytes);
      },
      written: () => input,
      [Symbol.dispose]() {},
    });
    const input = {
      ...{ name: 'x', size: 1000, end: 1000, bytes: { kind: 'file' as const, fd: -1 } },
      read: (target: Uint8Array) => target.length,
      change: () => null,
      [Symbol.dispose]() {},
    };
    const change: SampleChange = {
      ...{ rate: { from: 8000, to: 8000 }, mixed: false, bits: 16, gainDb: 0 },
      ...{ levelUnknown: false, altered: false },
    };
    const chunks = [{ id: 'bext', kind: 'bext', body: 0, size: 602 }];
    expect(appendChunks(sink(5 * 2 ** 30), input, chunks, change)).toEqual([]);
    expect(added[20].readBigUInt64LE()).toBe(BigInt(5 * 2 ** 30 + 610 - 8));
    expect(appendChunks(sink(2 ** 32 - 100), input, chunks, change)).toEqual(chunks);
    expect(added[4]).toBeUndefined();
    // What is to be appended is known without all of it being held.
    const altered = { ...change, altered: true };
    expect(chunksBehind(44, input, chunks, altered)).toEqual({ kept: chunks, lost: [], end: 44 + 610 });
  });
});

describe('from wav to others', () => {
  test.each(
    (Object.keys(TARGETS) as TargetName[]).filter((to) => to !== 'wav'),
  )('%s has no place for them, and says so', (to) => {
    const input = source({ before: [bext(), other], behind: [cue(5), adtl(10)], rate: 48_000 });
    expect(convert(input, at(`out.${to}`), to).warnings).toEqual([
      `Its adtl, bext, cue, smed chunks were left out: ${to} has no place for such.`,
    ]);
  });

  test('what is no wav has none', () => {
    convert(source({ before: [cue(1)] }), at('flac.flac'), 'flac');
    expect(convert(at('flac.flac'), at('back.wav'), 'wav').warnings).toEqual([]);
  });
});
