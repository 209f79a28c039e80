/**
 * One frame of the formats that are nothing but frames: how many bytes and samples it has, by its head.
 */
import type { Fields } from './fields.ts';
import type { Told } from './told.ts';

export interface Frame extends Told {
  readonly bytes: number;
  readonly samples: number;
  readonly rate: number;
}

/** @returns `null` where none begins */
export type FrameAt = (fields: Fields, at: number) => Frame | null;

const MPEG_RATES = [44_100, 48_000, 32_000];
/** kbit/s by version (1; 2 and 2.5) and layer. */
const KILOBITS: Readonly<Record<string, readonly number[]>> = {
  '1/1': [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1/2': [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1/3': [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2/1': [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2/2': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2/3': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** MPEG layers 1 to 3. */
export const mpegFrame: FrameAt = (fields, at) => {
  const head = fields.u32be(at);
  const version = [2.5, 0, 2, 1][(head >>> 19) & 3];
  const layer = 4 - ((head >>> 17) & 3);
  const baseRate = MPEG_RATES[(head >>> 10) & 3];
  if (head >>> 21 !== 0x7ff || version === 0 || layer === 4 || baseRate === undefined) return null;
  const rate = version === 1 ? baseRate : version === 2 ? baseRate / 2 : baseRate / 4;
  const kilobits = KILOBITS[`${version === 1 ? 1 : 2}/${layer}`][(head >>> 12) & 15] ?? 0;
  if (kilobits === 0) return null;
  const padding = (head >>> 9) & 1;
  const channels = ((head >>> 6) & 3) === 3 ? 1 : 2;
  const samples = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  const bytes =
    layer === 1
      ? (Math.floor((12_000 * kilobits) / rate) + padding) * 4
      : Math.floor(((samples / 8) * 1000 * kilobits) / rate) + padding;
  return { family: layer === 3 ? 'mp3' : 'mp2', bytes, samples, rate, channels };
};

const AAC_RATES = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000],
  ...[22_050, 16_000, 12_000, 11_025, 8000, 7350],
];
const AAC_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];

/** AAC as ADTS. */
export const aacFrame: FrameAt = (fields, at) => {
  const [head, more] = [fields.u32be(at), fields.u24be(at + 4)];
  const rate = AAC_RATES[(head >>> 10) & 15];
  if (head >>> 20 !== 0xfff || ((head >>> 17) & 3) !== 0 || rate === undefined) return null;
  const bytes = ((head & 3) << 11) | (more >>> 13);
  const samples = 1024 * ((more & 3) + 1);
  return bytes < 7 ? null : { family: 'aac', bytes, samples, rate, channels: AAC_CHANNELS[(head >>> 6) & 7] };
};

const DOLBY_MARK = 0x0b77;
const DOLBY_RATES = [48_000, 44_100, 32_000];
/** kbit/s of AC-3. */
const DOLBY_KILOBITS = [
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];
const DOLBY_CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5];
const DOLBY_BLOCK = 256;

/**
 * AC-3, and E-AC-3 by its higher number. Frames of dependent streams have bytes, and no samples of their
 * own.
 */
export const dolbyFrame: FrameAt = (fields, at) => {
  if (fields.u16be(at) !== DOLBY_MARK) return null;
  const version = fields.u8(at + 5) >> 3;
  if (version > 16) return null;
  return version > 10 ? enhancedFrame(fields, at) : ac3Frame(fields, at, version);
};

function ac3Frame(fields: Fields, at: number, version: number): Frame | null {
  const codes = fields.u8(at + 4);
  const baseRate = DOLBY_RATES[codes >> 6];
  const kilobits = DOLBY_KILOBITS[(codes & 63) >> 1];
  if (baseRate === undefined || kilobits === undefined) return null;
  const halvings = Math.max(0, version - 8);
  const words = Math.floor((kilobits * 96_000) / baseRate) + (baseRate === 44_100 ? codes & 1 : 0);
  const modes = fields.u16be(at + 6);
  const mode = modes >> 13;
  // Levels of the centre, of the surround, and of a matrix stand before the mark of the low frequencies.
  const before = (mode & 1 && mode !== 1 ? 2 : 0) + (mode & 4 ? 2 : 0) + (mode === 2 ? 2 : 0);
  const channels = DOLBY_CHANNELS[mode] + ((modes >> (12 - before)) & 1);
  return { family: 'ac3', bytes: words * 2, samples: 6 * DOLBY_BLOCK, rate: baseRate >> halvings, channels };
}

function enhancedFrame(fields: Fields, at: number): Frame | null {
  const [first, second] = [fields.u16be(at + 2), fields.u8(at + 4)];
  const bytes = ((first & 0x7ff) + 1) * 2;
  const halved = second >> 6 === 3;
  const rate = halved ? DOLBY_RATES[(second >> 4) & 3] / 2 : DOLBY_RATES[second >> 6];
  if (!(rate > 0)) return null;
  const blocks = halved ? 6 : [1, 2, 3, 6][(second >> 4) & 3];
  const channels = DOLBY_CHANNELS[(second >> 1) & 7] + (second & 1);
  const dependent = first >> 14 === 1;
  return { family: 'eac3', bytes, samples: dependent ? 0 : blocks * DOLBY_BLOCK, rate, channels };
}

const DTS_MARK = 0x7ffe_8001;
const DTS_RATES = [0, 8000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 0, 0];
const DTS_CHANNELS = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8];

/** DTS in 16-bit words, big-endian, as on discs. */
export const dtsFrame: FrameAt = (fields, at) => {
  if (fields.u32be(at) !== DTS_MARK) return null;
  const [a, b] = [fields.u32be(at + 4), fields.u32be(at + 8)];
  const samples = (((a >>> 18) & 127) + 1) * 32;
  const bytes = ((a >>> 4) & 0x3fff) + 1;
  const rate = DTS_RATES[(b >>> 26) & 15];
  if (rate === 0 || bytes < 96) return null;
  const mode = ((a & 15) << 2) | (b >>> 30);
  const low = (b >>> 9) & 3;
  const channels = (DTS_CHANNELS[mode] ?? 0) + (low === 1 || low === 2 ? 1 : 0);
  return { family: 'dts', bytes, samples, rate, channels };
};

/** Of speech, by the mode in the head of a frame; the others are no sound. */
const NARROW_BYTES = [13, 14, 16, 18, 20, 21, 27, 32, 6];
const WIDE_BYTES = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6];
const AMR_MS = 20;
/** Bits of a head that are 0: little, but nothing else marks a frame. */
const AMR_PADDING = 0x83;

export function amrFrame(wide: boolean): FrameAt {
  const rate = wide ? 16_000 : 8000;
  return (fields, at) => {
    const head = fields.u8(at);
    const mode = (head >> 3) & 15;
    const bytes = (wide ? WIDE_BYTES : NARROW_BYTES)[mode] ?? 1;
    if (!fields.has(at, 1) || (head & AMR_PADDING) !== 0) return null;
    return { family: 'amr', bytes, samples: (rate * AMR_MS) / 1000, rate, channels: 1 };
  };
}

const MLP_MARK = 0xf872_6fba;
const MLP_CHANNELS = [2, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1];

/** TrueHD: only some of its frames say what it is, and their sizes say nothing of how long it lasts. */
export function tellTrueHd(fields: Fields, at: number): Told | null {
  if (fields.u32be(at + 4) !== MLP_MARK) return null;
  const [codes, layout] = [fields.u8(at + 8), fields.u32be(at + 8) & 0x1fff];
  const base = (codes >> 4) & 8 ? 44_100 : 48_000;
  let channels = 0;
  for (const [bit, count] of MLP_CHANNELS.entries()) if ((layout >> bit) & 1) channels += count;
  return { family: 'truehd', rate: base * 2 ** ((codes >> 4) & 7), channels, lossless: true };
}
