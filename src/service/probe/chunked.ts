/** Bodies that are a list of chunks: WAV and W64, AIFF, CAF; and AU, whose head is as plain. */
import { chunksWithin } from '../../audio/survey/chunk-formats.ts';
import type { FormatName } from '../../audio/survey/formats.ts';
import type { Sound } from '../../audio/survey/sound.ts';
import type { Fields } from './fields.ts';
import type { Told } from './told.ts';

/** How the chunks of a format lie. */
interface Form {
  readonly first: number;
  readonly headBytes: number;
  /** Of the name, which comes first. */
  readonly idBytes: number;
  /** Of what it holds, by its head. */
  lengthAt(fields: Fields, at: number): number;
  /** The next one begins at a multiple of it. */
  readonly step: number;
}

const WAV: Form = {
  ...{ first: 12, headBytes: 8, idBytes: 4, step: 2 },
  lengthAt: (fields, at) => (fields.text(0, 4) === 'RIFX' ? fields.u32be(at + 4) : fields.u32le(at + 4)),
};
const W64: Form = {
  ...{ first: 40, headBytes: 24, idBytes: 4, step: 8 },
  lengthAt: (fields, at) => fields.u64le(at + 16) - 24,
};
const AIFF: Form = {
  ...{ first: 12, headBytes: 8, idBytes: 4, step: 2 },
  lengthAt: (fields, at) => fields.u32be(at + 4),
};
const CAF: Form = {
  ...{ first: 8, headBytes: 12, idBytes: 4, step: 1 },
  lengthAt: (fields, at) => fields.u64be(at + 4),
};

/** Position of what the first chunk of that name holds; `null` where there is none. */
function chunkNamed(fields: Fields, id: string, form: Form): number | null {
  for (let at = form.first; fields.has(at, form.headBytes); ) {
    if (fields.text(at, form.idBytes) === id) return at + form.headBytes;
    const length = form.lengthAt(fields, at);
    if (!(length >= 0)) return null;
    at += form.headBytes + Math.ceil(length / form.step) * form.step;
  }
  return null;
}

/** Bytes of sound that are there. */
function soundBytes({ size }: Fields, { start, bytes }: Sound): number {
  return Math.max(0, Math.min(bytes ?? Number.POSITIVE_INFINITY, size - start));
}

function soundOf(fields: Fields, format: FormatName): Sound | null {
  return chunksWithin(fields.window, format, 0).sound;
}

export function tellWav(fields: Fields): Told {
  return tellWave(fields, 'wav', chunkNamed(fields, 'fmt ', WAV));
}

export function tellW64(fields: Fields): Told {
  return tellWave(fields, 'w64', chunkNamed(fields, 'fmt ', W64));
}

function tellWave(fields: Fields, family: 'wav' | 'w64', formAt: number | null): Told {
  const sound = soundOf(fields, family);
  const form = sound?.form ?? null;
  if (sound !== null && form !== null) {
    const { rate, channels, bits, frameBytes } = form;
    const frames = Math.floor(soundBytes(fields, sound) / frameBytes);
    return { family, seconds: frames / rate, frames, rate, channels, bits, lossless: true };
  }
  if (formAt === null) return { family };
  const { bytesASecond, ...told } = waveFormat(fields, formAt);
  if (bytesASecond > 0 && sound !== null) {
    return { family, ...told, seconds: soundBytes(fields, sound) / bytesASecond };
  }
  // Of MP3 with a varying bit rate nobody says it, but how many frames there are.
  const counted = chunkNamed(fields, 'fact', family === 'wav' ? WAV : W64);
  return { family, ...told, seconds: counted === null ? 0 : fields.u32le(counted) / (told.rate ?? 0) };
}

/** What Windows calls by its numbers, and has no loss. */
const LOSSLESS_TAGS: ReadonlySet<number> = new Set([1, 3, 0x163, 0xf1ac, 0xfffe]);

/** Windows' description of sound, as WAV, AVI and ASF have it. */
export function waveFormat(fields: Fields, at: number): Told & { readonly bytesASecond: number } {
  const big = fields.text(0, 4) === 'RIFX';
  const [short, long] = big
    ? ([fields.u16be, fields.u32be] as const)
    : ([fields.u16le, fields.u32le] as const);
  const lossless = LOSSLESS_TAGS.has(short.call(fields, at));
  const told = { channels: short.call(fields, at + 2), rate: long.call(fields, at + 4), lossless };
  return {
    ...told,
    bits: lossless ? short.call(fields, at + 14) : 0,
    bytesASecond: long.call(fields, at + 8),
  };
}

/** Samples of a frame of AIFF-C; all others have one. */
const IMA_SAMPLES = 64;
const AIFF_INTEGERS: ReadonlySet<string> = new Set(['', 'NONE', 'twos', 'sowt', 'raw ', 'in24', 'in32']);
const AIFF_FLOATS: Readonly<Record<string, number>> = { fl32: 32, FL32: 32, fl64: 64, FL64: 64 };

export function tellAiff(fields: Fields): Told {
  const at = chunkNamed(fields, 'COMM', AIFF);
  if (at === null) return { family: 'aiff' };
  const channels = fields.u16be(at);
  const rate = Math.round(fields.u64be(at + 10) * 2 ** (fields.u16be(at + 8) - 16_446));
  const packed = fields.text(8, 4) === 'AIFC' ? fields.text(at + 18, 4) : '';
  const float = Object.hasOwn(AIFF_FLOATS, packed) ? AIFF_FLOATS[packed] : 0;
  const lossless = float > 0 || AIFF_INTEGERS.has(packed);
  const bits = float || (lossless ? fields.u16be(at + 6) : 0);
  const sound = soundOf(fields, 'aiff');
  const frameBytes = channels * Math.ceil(bits / 8);
  const told = fields.u32be(at + 2) * (packed === 'ima4' ? IMA_SAMPLES : 1);
  const frames = sound !== null && frameBytes > 0 ? soundBytes(fields, sound) / frameBytes : told;
  return { family: 'aiff', seconds: frames / rate, rate, channels, bits, lossless };
}

/** Of Apple Lossless, by what stands for them among the flags. */
const ALAC_BITS = [0, 16, 20, 24, 32];
const CAF_LOSSLESS: ReadonlySet<string> = new Set(['lpcm', 'alac', 'flac']);

export function tellCaf(fields: Fields): Told {
  const at = chunkNamed(fields, 'desc', CAF);
  if (at === null) return { family: 'caf' };
  const rate = Math.round(fields.floatBe(at, 8));
  const codec = fields.text(at + 8, 4);
  const [packetBytes, packetFrames] = [fields.u32be(at + 16), fields.u32be(at + 20)];
  const told = { family: 'caf', rate, channels: fields.u32be(at + 24) } as const;
  const lossless = CAF_LOSSLESS.has(codec);
  const bits = codec === 'alac' ? ALAC_BITS[fields.u32be(at + 12)] : fields.u32be(at + 28);
  const sound = packetBytes > 0 && packetFrames > 0 ? soundOf(fields, 'caf') : null;
  const table = sound === null ? chunkNamed(fields, 'pakt', CAF) : null;
  const counted = table === null ? 0 : fields.u64be(table + 8);
  const frames = sound === null ? counted : (soundBytes(fields, sound) / packetBytes) * packetFrames;
  return { ...told, seconds: frames / rate, bits: lossless ? bits : 0, lossless };
}

/** Bits of a sample by the number of its encoding; those of G.711 and G.726 are no depth. */
const AU_BITS: Readonly<Record<number, number>> = {
  1: 8,
  2: 8,
  3: 16,
  4: 24,
  5: 32,
  6: 32,
  7: 64,
  27: 8,
  23: 4,
};
const AU_LOSSY: ReadonlySet<number> = new Set([1, 23, 27]);

export function tellAu(fields: Fields): Told {
  const [encoding, rate, channels] = [fields.u32be(12), fields.u32be(16), fields.u32be(20)];
  const bits = AU_BITS[encoding] ?? 0;
  const lossless = bits > 0 && !AU_LOSSY.has(encoding);
  const sound = soundOf(fields, 'au');
  const frames = sound === null ? 0 : (soundBytes(fields, sound) * 8) / bits / channels;
  return { family: 'au', seconds: frames / rate, rate, channels, bits: lossless ? bits : 0, lossless };
}
