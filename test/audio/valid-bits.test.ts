import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';
import { noise, type WavFormat, wav } from './wav.ts';

const at = scratch();
const STEREO = 3;
const BITS = { s16: 16, s24: 24, s32: 32 } as const;
type Stored = keyof typeof BITS;

/** Numbers of so many bits as the upper ones of a sample. */
function upper(bits: number, stored: Stored, seed = 1): number[] {
  return noise(3000, bits, seed).map((value) => value * 2 ** (BITS[stored] - bits));
}

/** What blocks hold of them: 32 bits. */
function as32(samples: readonly number[], stored: Stored): Int32Array {
  return Int32Array.from(samples, (value) => value * 2 ** (32 - BITS[stored]));
}

describe('samples with fewer bits than bytes', () => {
  test.each([
    [24, 's32', 24, 24],
    [20, 's32', 24, 24],
    [16, 's32', 16, 16],
    [8, 's32', 8, 16],
    [31, 's32', 32, 32],
    [20, 's24', 24, 24],
    [16, 's24', 16, 16],
    [12, 's16', 16, 16],
    [8, 's16', 8, 16],
  ] as const)('are exactly what the file holds: %i bits in %s', (bits, stored, wavBits, flacBits) => {
    const planes = [upper(bits, stored, 1), upper(bits, stored, 2)];
    writeFileSync(at('few.wav'), wav(planes, { format: stored, mask: STEREO, validBits: bits }));
    const read = readAll(at('few.wav'), 's32');
    expect(read.planes).toEqual(planes.map((plane) => as32(plane, stored)));
    expect(read.info).toMatchObject({ depth: { type: 'integer', bits }, announcedFrames: 3000 });
    for (const [to, expected] of [
      ['wav', wavBits],
      ['flac', flacBits],
    ] as const) {
      expect(convert(at('few.wav'), at(`out.${to}`), to)).toMatchObject({ bits: expected });
      expect(readAll(at(`out.${to}`), 's32').planes).toEqual(read.planes);
    }
  });

  test.each([
    ['s32', 24],
    ['s24', 20],
    ['s16', 12],
  ] as const)('lose none where others than those are set, far behind, in %s', (stored, bits) => {
    const plane = upper(bits, stored);
    for (let i = 0; i < 20; i++) plane.push(...upper(bits, stored));
    plane[50_001] += 1;
    writeFileSync(at('others.wav'), wav([plane], { format: stored, mask: 4, validBits: bits }));
    const read = readAll(at('others.wav'), 's32');
    expect(read.info.depth.bits).toBe(BITS[stored]);
    expect(read.planes[0]).toEqual(as32(plane, stored));
    convert(at('others.wav'), at('others-out.wav'), 'wav');
    expect(readAll(at('others-out.wav'), 's32').planes).toEqual(read.planes);
  });

  test.each([
    [0, 's32', 32],
    [40, 's32', 32],
    [33, 's24', 24],
  ] as const)('are all of them where a header says %i of %s', (bits, stored, counted) => {
    const plane = noise(3000, BITS[stored]);
    writeFileSync(at('odd.wav'), wav([plane], { format: stored, mask: 4, validBits: bits }));
    const read = readAll(at('odd.wav'), 's32');
    expect([read.planes[0], read.info.depth.bits]).toEqual([as32(plane, stored), counted]);
  });

  test('are stored as the bits say where the length of a frame is wrong', () => {
    const bytes = wav([noise(3000, 16)], { mask: 4 });
    bytes.writeUInt16LE(4, 32);
    writeFileSync(at('wrong.wav'), bytes);
    expect(readAll(at('wrong.wav'), 's32').planes[0]).toEqual(as32(noise(3000, 16), 's16'));
  });

  test('are told by their bytes in old headers, too', () => {
    const planes = [upper(20, 's32', 1), upper(20, 's32', 2)];
    const bytes = wav(planes, { format: 's32' });
    bytes.writeUInt16LE(20, 34);
    writeFileSync(at('old.wav'), bytes);
    const read = readAll(at('old.wav'), 's32');
    expect(read.planes).toEqual(planes.map((plane) => as32(plane, 's32')));
    expect(read.info.depth.bits).toBe(20);
  });

  test('are refused where they may as well be floats', () => {
    const bytes = wav([upper(24, 's32')], { format: 's32' });
    bytes.writeUInt16LE(24, 34);
    writeFileSync(at('floats.wav'), bytes);
    expect(() => openDecoder(at('floats.wav'))).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'pcm_f24le'));
  });

  test('are what W64 says, too', () => {
    const planes = [upper(24, 's32', 1), upper(24, 's32', 2)];
    writeFileSync(at('few.w64'), w64(wav(planes, { format: 's32', mask: STEREO, validBits: 24 })));
    const read = readAll(at('few.w64'), 's32');
    expect(read.planes).toEqual(planes.map((plane) => as32(plane, 's32')));
    expect(read.info).toMatchObject({ depth: { bits: 24 }, announcedFrames: 3000 });
  });

  test.each([
    ['u8', 1],
    ['s16', 2],
    ['s24', 3],
    ['s32', 4],
    ['f32', 4],
  ] as const)('have their bytes in the other order in RIFX: %s', (format, bytes) => {
    const plane = format === 'u8' ? [0, 1, 128, 255] : noise(3000, 16).map((value) => value / 32_768);
    const samples = format.startsWith('s') ? noise(3000, bytes * 8) : plane;
    const whole = wav([samples, samples], { format, tags: { INAM: 'title' } });
    writeFileSync(at('plain.wav'), whole);
    writeFileSync(at('rifx.wav'), rifx(whole, bytes));
    const [plain, swapped] = [readAll(at('plain.wav'), 's32'), readAll(at('rifx.wav'), 's32')];
    expect(swapped.planes).toEqual(plain.planes);
    expect(swapped.info).toMatchObject({
      depth: plain.info.depth,
      tags: { fields: [{ key: 'TITLE', value: 'title' }] },
    });
    expect(swapped.info.announcedFrames).toBe(samples.length);
  });

  test.each(['f32', 'f64'] as const)('are floats as ever where they are floats: %s', (format: WavFormat) => {
    const plane = noise(3000, 16).map((value) => value / 32_768);
    writeFileSync(at('float.wav'), wav([plane], { format, mask: 4, validBits: 24 }));
    const read = readAll(at('float.wav'), 'f32');
    expect(read.planes[0]).toEqual(Float32Array.from(plane));
    expect(read.info.depth).toEqual({ type: 'float', bits: format === 'f32' ? 32 : 64 });
  });
});

/** Of a WAV of three chunks, with the bytes of numbers and samples turned round. */
function rifx(bytes: Buffer, sampleBytes: number): Buffer {
  const turned = Buffer.from(bytes);
  turned.write('RIFX');
  const data = turned.indexOf('data');
  for (const at of [4, 16, 24, 28, 40, data + 4]) turned.subarray(at, at + 4).reverse();
  for (const at of [20, 22, 32, 34]) turned.subarray(at, at + 2).reverse();
  for (let at = data + 8; at < turned.length; at += sampleBytes) {
    turned.subarray(at, at + sampleBytes).reverse();
  }
  return turned;
}

/** A WAV of two chunks with the names and lengths of Sony's. */
function w64(bytes: Buffer): Buffer {
  const formBytes = bytes.readUInt32LE(16);
  const guid = (name: string) =>
    Buffer.concat([Buffer.from(name), Buffer.from('f3acd3118cd100c04f8edb8a', 'hex')]);
  const chunk = (name: string, body: Buffer) => {
    const head = Buffer.alloc(24);
    guid(name).copy(head);
    head.writeBigUInt64LE(BigInt(24 + body.length), 16);
    return Buffer.concat([head, body, Buffer.alloc((8 - (body.length % 8)) % 8)]);
  };
  const head = Buffer.alloc(24);
  Buffer.from('726966662e91cf11a5d628db04c10000', 'hex').copy(head);
  const chunks = [
    chunk('fmt ', bytes.subarray(20, 20 + formBytes)),
    chunk('data', bytes.subarray(28 + formBytes)),
  ];
  head.writeBigUInt64LE(BigInt(40 + chunks[0].length + chunks[1].length), 16);
  return Buffer.concat([head, guid('wave'), ...chunks]);
}
