import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { convert, readAll, scratch } from './audio-files.ts';
import { aiffChunk, w64Chunk } from './chunks.ts';
import { chunk, noise, wav } from './wav.ts';

const at = scratch();
const CUT_OFF = 'The file is cut off, or its header is wrong: what is there was decoded.';
const FRAMES = 3000;
const planes = [noise(FRAMES, 16, 1), noise(FRAMES, 16, 2)];
const samples = planes.map((plane) => Int32Array.from(plane, (value) => value * 65_536));
/** Lengths that programs write where they can't know them, and then can't go back. */
const OPEN = [0, 0x7fff_ffff, 0xffff_ffff, 0x7fff_f000, 0x8000_0000, 0xffff_0000];

function read(name: string, bytes: Buffer) {
  writeFileSync(at(name), bytes);
  return readAll(at(name), 's32');
}

function fixture(suffix: string): Buffer {
  return readFileSync(new URL(`fixtures/tone.${suffix}`, import.meta.url));
}

/** As into a pipe. */
function piped(bytes: Buffer, form: number, sound: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(form, 4);
  copy.writeUInt32LE(sound, copy.indexOf('data') + 4);
  return copy;
}

describe('a file that is cut off', () => {
  test.each([1, 2, 3, 4, 5, 3999, 11_999])('by %i bytes keeps its whole frames: wav', (bytes) => {
    const whole = wav(planes);
    const kept = Math.floor((FRAMES * 4 - bytes) / 4);
    const { planes: cut, warnings, info } = read('cut.wav', whole.subarray(0, whole.length - bytes));
    expect(cut).toEqual(samples.map((plane) => plane.subarray(0, kept)));
    expect([warnings, info.announcedFrames]).toEqual([[CUT_OFF], kept === 0 ? null : kept]);
  });

  test.each(['w64', 'aiff', 'caf', 'au', 'wav'])('inside a frame keeps what is before that: %s', (suffix) => {
    const whole = suffix === 'wav' ? wav([noise(800, 16)]) : fixture(suffix);
    const all = read(`all.${suffix}`, whole);
    expect(all.warnings).toEqual([]);
    for (const bytes of [1, 101]) {
      const cut = read(`cut.${suffix}`, whole.subarray(0, whole.length - bytes));
      expect(cut.planes[0]).toEqual(all.planes[0].subarray(0, all.frames - (bytes + 1) / 2));
      expect(cut.warnings).toEqual([CUT_OFF]);
    }
  });

  test.each([400, 3000])('says so: mka without its last %i bytes', (bytes) => {
    const whole = fixture('mka');
    expect(read('whole.mka', whole).warnings).toEqual([]);
    expect(read('cut.mka', whole.subarray(0, whole.length - bytes)).warnings).toEqual([CUT_OFF]);
    // As into a pipe.
    const segment = whole.indexOf('18538067', 'hex') + 4;
    for (const open of ['01ffffffffffffff', 'ff']) {
      const length = Buffer.from(open, 'hex');
      const piped = Buffer.concat([whole.subarray(0, segment), length, whole.subarray(segment + 8)]);
      expect(read('open.mka', piped.subarray(0, piped.length - bytes)).warnings).toEqual([]);
    }
  });

  test('says so, however much lies before its sound', () => {
    const whole = wav(planes, { before: [chunk('JUNK', Buffer.alloc(100_000))] });
    expect(read('junk.wav', whole.subarray(0, whole.length - 400))).toMatchObject({
      frames: FRAMES - 100,
      warnings: [CUT_OFF],
    });
  });

  test('becomes a whole one', () => {
    const whole = wav(planes);
    writeFileSync(at('cut.wav'), whole.subarray(0, whole.length - 7));
    expect(convert(at('cut.wav'), at('cut.flac'), 'flac')).toMatchObject({
      frames: FRAMES - 2,
      warnings: [CUT_OFF],
    });
  });

  test('by its header only says so', () => {
    const whole = wav(planes);
    whole.writeUInt32LE(FRAMES * 4 - 2, whole.indexOf('data') + 4);
    const behind = chunk('mine', Buffer.from('kept'));
    expect(read('short.wav', Buffer.concat([whole.subarray(0, whole.length - 2), behind]))).toMatchObject({
      frames: FRAMES - 1,
      warnings: [CUT_OFF],
    });
  });
});

describe('a file from a pipe', () => {
  test.each(OPEN)('that claims %i bytes of sound is whole, whatever it claims in all: wav', (sound) => {
    for (const form of OPEN) {
      const all = read('piped.wav', piped(wav(planes), form, sound));
      expect(all).toMatchObject({ planes: samples, warnings: [], info: { announcedFrames: FRAMES } });
    }
  });

  test('is cut off where it ends inside a frame', () => {
    const whole = piped(wav(planes), 0xffff_ffff, 0xffff_ffff);
    for (const bytes of [1, 2, 3]) {
      expect(read('torn.wav', whole.subarray(0, whole.length - bytes))).toMatchObject({
        planes: samples.map((plane) => plane.subarray(0, FRAMES - 1)),
        warnings: [CUT_OFF],
      });
    }
  });

  test('is whole where it is padded to an even length', () => {
    const whole = piped(wav([noise(999, 24)], { format: 's24' }), 0xffff_ffff, 0xffff_ffff);
    expect(whole.length % 2).toBe(0);
    expect(read('padded.wav', whole)).toMatchObject({ frames: 999, warnings: [] });
  });

  test('is whole where it is RF64 and has no lengths yet', () => {
    const plain = wav(planes);
    const lengths = chunk('ds64', Buffer.alloc(28));
    const whole = Buffer.concat([plain.subarray(0, 12), lengths, plain.subarray(12)]);
    whole.write('RF64', 'latin1');
    expect(read('piped.rf64', piped(whole, 0xffff_ffff, 0xffff_ffff))).toMatchObject({
      planes: samples,
      warnings: [],
      info: { announcedFrames: FRAMES },
    });
  });

  test('is whole where it is AIFF of an impossible length, as SoX writes it', () => {
    const whole = fixture('aiff');
    const all = read('all.aiff', whole);
    whole.writeUInt32BE(0x7f00_0008 + 38, 4);
    whole.writeUInt32BE(0x7f00_0000 / 2, whole.indexOf('COMM') + 10);
    whole.writeUInt32BE(0x7f00_0008, whole.indexOf('SSND') + 4);
    const open = read('piped.aiff', whole);
    expect([open.planes, open.warnings, open.info.announcedFrames]).toEqual([all.planes, [], null]);
  });

  test('is whole where FFmpeg refuses what it wrote itself: w64', () => {
    const whole = fixture('w64');
    const all = read('all.w64', whole);
    whole.writeBigUInt64LE(0x7fff_ffff_ffff_ffffn, whole.indexOf('data') + 16);
    const open = read('piped.w64', whole);
    expect([open.planes, open.warnings, open.info]).toEqual([all.planes, [], all.info]);
    expect(read('torn.w64', whole.subarray(0, whole.length - 1)).warnings).toEqual([CUT_OFF]);
  });

  test.each([
    ['AIFF', 1, ''],
    ['AIFF', 2, ''],
    ['AIFF', 3, ''],
    ['AIFF', 4, ''],
    ['AIFC', 2, 'NONE'],
    ['AIFC', 3, 'twos'],
    ['AIFC', 2, 'sowt'],
  ] as const)('is whole where FFmpeg refuses what it wrote itself: %s of %i bytes %s', (kind, bytes, order) => {
    const open = read('piped.aiff', openAiff(kind, bytes, order, []));
    const expected = noise(500, bytes * 8).map((value) => value * 2 ** (32 - bytes * 8));
    expect(open.planes).toEqual([Int32Array.from(expected), Int32Array.from(expected)]);
    expect(open.info).toMatchObject({ announcedFrames: 500, sampleRate: 44_100, depth: { bits: bytes * 8 } });
    expect(open.warnings).toEqual([]);
  });

  test('keeps its tags where FFmpeg has to get its sound alone', () => {
    const open = read('titled.aiff', openAiff('AIFF', 2, '', [aiffChunk('NAME', Buffer.from('name'))]));
    expect(open).toMatchObject({
      frames: 500,
      info: { tags: { fields: [{ key: 'TITLE', value: 'name' }] } },
      warnings: [],
    });
  });

  /** Two channels of the same, by a program that knew no length. */
  function openAiff(kind: string, bytes: number, order: string, more: readonly Buffer[]): Buffer {
    const form = Buffer.from('0002000000000000400eac44000000000000', 'hex');
    form.writeUInt16BE(bytes * 8, 6);
    const data = Buffer.alloc(1000 * bytes);
    for (const [i, value] of noise(500, bytes * 8).entries()) {
      for (const at of [2 * i * bytes, (2 * i + 1) * bytes]) {
        if (order === 'sowt') data.writeIntLE(value, at, bytes);
        else data.writeIntBE(value, at, bytes);
      }
    }
    const name = order === '' ? '' : `${order}\0\0`;
    return Buffer.concat([
      ...[Buffer.from(`FORM\0\0\0\0${kind}`), aiffChunk('COMM', Buffer.concat([form, Buffer.from(name)]))],
      ...[...more, Buffer.from('SSND'), Buffer.alloc(12), data],
    ]);
  }

  test.each([
    ['au', 'pcm', 8, 0xffff_ffff],
    ['au', 'pcm', 8, 0],
    ['caf', 'data', 8, -1],
  ] as const)('is whole where it says that its length is open: %s', (suffix, id, offset, length) => {
    const whole = fixture(suffix);
    const all = read(`all.${suffix}`, whole);
    const at = suffix === 'au' ? offset : whole.indexOf(id) + 4;
    if (suffix === 'au') whole.writeUInt32BE(length, at);
    else whole.writeBigInt64BE(BigInt(length), at);
    expect(read(`open.${suffix}`, whole)).toMatchObject({ planes: all.planes, warnings: [] });
  });
});

test.each([
  [[1, 2, 3, 4, 5, 6], 's16', 6],
  [[1, 2, 3, 4, 5], 's24', 5],
  [[1, 2, 3], 'u8', 3],
  [[1, 2, 3, 4, 5], 's24', 0],
] as const)('a w64 whose padding counts as sound has none of it: %j of %s', (plane, format, told) => {
  const guid = (name: string) => `${Buffer.from(name).toString('hex')}f3acd3118cd100c04f8edb8a`;
  const plain = wav([plane], { format });
  const frames = Buffer.alloc(8);
  frames.writeUInt32LE(told);
  const sound = plain.subarray(44);
  const padded = w64Chunk(guid('data'), sound, Math.ceil(sound.length / 8) * 8);
  const chunks = [w64Chunk(guid('fmt '), plain.subarray(20, 36)), w64Chunk(guid('fact'), frames), padded];
  const all = read('padded.w64', Buffer.concat([fixture('w64').subarray(0, 40), ...chunks]));
  expect(all.planes).toEqual(read('plain.wav', plain).planes);
  expect([all.warnings, all.info.announcedFrames]).toEqual([[], plane.length]);
});

test('a wav without any sound is empty, whatever lies behind it', () => {
  const empty = wav([[]], { behind: [chunk('mine', Buffer.alloc(400, 7))] });
  expect(read('empty.wav', empty)).toMatchObject({ frames: 0, warnings: [] });
});
