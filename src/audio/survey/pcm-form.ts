/**
 * Plain samples as the header of WAV and W64 describes them. A sample may be stored in more bytes than it has
 * bits: then its bits are the upper ones. FFmpeg goes by the bits alone, and takes such samples for others.
 */
import { isStream, type Source } from '../sources/source.ts';
import type { PcmForm, Sound } from './sound.ts';
import type { Window } from './window.ts';

const EXTENSIBLE = 0xfffe;
/** Of the identifier of an extension, behind the four bytes that count. */
const PLAIN = '00001000800000aa00389b71';
const INTEGERS = 1;
const FLOATS = 3;
const HEAD_BYTES = 16;
const EXTENSIBLE_BYTES = 40;

/** Of FFmpeg, by the bytes of a sample. */
const CODECS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [INTEGERS]: { 1: 'pcm_u8', 2: 'pcm_s16le', 3: 'pcm_s24le', 4: 'pcm_s32le', 8: 'pcm_s64le' },
  [FLOATS]: { 4: 'pcm_f32le', 8: 'pcm_f64le' },
};

/**
 * @param bigEndian as RIFX has it, header and samples alike
 * @returns `null` where they are no plain samples, or nobody can tell what they are
 */
export function pcmForm(window: Window, at: number, bytes: number, bigEndian = false): PcmForm | null {
  if (bytes < HEAD_BYTES) return null;
  const head = window.view(at, Math.min(bytes, EXTENSIBLE_BYTES));
  if (head.length < HEAD_BYTES) return null;
  const short = (at: number) => (bigEndian ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const extensible = short(0) === EXTENSIBLE && head.length === EXTENSIBLE_BYTES;
  if (extensible && head.toString('hex', 28) !== PLAIN) return null;
  const kind = extensible ? head.readUInt32LE(24) : short(0);
  const channels = short(2);
  const frameBytes = short(12);
  const stored = short(14);
  // FFmpeg looks at nothing but these.
  const told = (extensible && short(18)) || stored;
  if (channels === 0 || stored === 0) return null;
  const leastBytes = Math.ceil(stored / 8);
  const share = frameBytes / channels;
  // Without an extension, 24 bits in four bytes may be floats, which Cool Edit wrote so.
  const padded =
    (extensible || stored % 8 !== 0) && head.readUInt32LE(8) === head.readUInt32LE(4) * frameBytes;
  const sampleBytes = padded && Number.isInteger(share) && share > leastBytes ? share : leastBytes;
  const codec = CODECS[kind]?.[sampleBytes];
  if (codec === undefined) return null;
  const allBits = sampleBytes * 8;
  const form = {
    ...{ frameBytes: sampleBytes * channels, sampleBytes, channels },
    rate: bigEndian ? head.readUInt32BE(4) : head.readUInt32LE(4),
    mask: extensible ? head.readUInt32LE(20) : 0,
  };
  // FFmpeg takes its samples for little-endian.
  if (bigEndian) return { ...form, bits: allBits, codec: codec.replace(/le$/, 'be'), mistaken: true };
  const bits = kind === INTEGERS ? Math.min(told, allBits) : allBits;
  return { ...form, bits, codec, mistaken: Math.ceil(told / 8) !== sampleBytes };
}

/** Bytes that are read at once: whole samples of every size. One scan at a time per thread. */
const scanned = Buffer.allocUnsafeSlow(64 * 1008);

/**
 * The bits of a sample that count, by the samples: as many as the header says, unless one has others set.
 * Reads all of them where the header says that some don't count; of a stream all bits count.
 */
export function bitsInUse(source: Source, sound: Sound, { sampleBytes, bits }: PcmForm): number {
  // Of a stream nobody can look at them before they are decoded.
  if (isStream(source)) return sampleBytes * 8;
  const { start, bytes } = sound;
  const end = Math.min(source.size, start + (bytes ?? source.size));
  const unused = sampleBytes * 8 - bits;
  const wholeBytes = unused >> 3;
  const mask = (1 << (unused & 7)) - 1;
  for (let at = start; unused > 0 && at < end; ) {
    const read = source.read(scanned.subarray(0, Math.min(scanned.length, end - at)), at);
    if (read < sampleBytes) break;
    for (let sample = 0; sample + sampleBytes <= read; sample += sampleBytes) {
      let set = scanned[sample + wholeBytes] & mask;
      for (let i = 0; i < wholeBytes; i++) set |= scanned[sample + i];
      if (set !== 0) return sampleBytes * 8;
    }
    at += read;
  }
  return bits;
}
