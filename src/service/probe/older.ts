/** Formats of older players and recorders, each by the numbers in its header. */
import { waveFormat } from './chunked.ts';
import type { Fields } from './fields.ts';
import { amrFrame } from './frames.ts';
import { tellFrames } from './rows.ts';
import type { Told } from './told.ts';

const ASF_HEADER_HEAD_BYTES = 30;
const ASF_HEAD_BYTES = 24;
const ASF_FILE = 'a1dcab8c47a9cf118ee400c00c205365';
const ASF_STREAM = '9107dcb7b7a9cf118ee600c00c205365';
const ASF_SOUND = '409e69f84d5bcf11a8fd00805f5c442b';
const WMA_LOSSLESS = 0x163;

export function tellAsf(fields: Fields): Told {
  const guid = (at: number) => fields.window.view(at, 16).toString('hex');
  const end = Math.min(fields.size, fields.u64le(16));
  let told: Told = {};
  let seconds = 0;
  for (let at = ASF_HEADER_HEAD_BYTES; at + ASF_HEAD_BYTES <= end && fields.has(at, ASF_HEAD_BYTES); ) {
    const [name, length] = [guid(at), fields.u64le(at + 16)];
    if (name === ASF_FILE) seconds = fields.u64le(at + 64) / 1e7 - fields.u64le(at + 80) / 1000;
    if (name === ASF_STREAM && guid(at + 24) === ASF_SOUND && told.rate === undefined) {
      const lossless = fields.u16le(at + 78) === WMA_LOSSLESS;
      const [channels, rate] = [fields.u16le(at + 80), fields.u32le(at + 82)];
      told = { channels, rate, lossless, bits: lossless ? fields.u16le(at + 92) : 0 };
    }
    if (length < ASF_HEAD_BYTES) break;
    at += length;
  }
  return { family: 'asf', ...told, seconds };
}

const LISTS: ReadonlySet<string> = new Set(['RIFF', 'LIST']);

export function tellAvi(fields: Fields): Told {
  let isSound = false;
  let seconds = 0;
  for (let at = 0; fields.has(at, 8); ) {
    const id = fields.text(at, 4);
    if (LISTS.has(id) && fields.text(at + 8, 4) === 'movi') break;
    if (id === 'strh') {
      isSound = fields.text(at + 8, 4) === 'auds';
      seconds = (fields.u32le(at + 40) * fields.u32le(at + 28)) / fields.u32le(at + 32);
    }
    if (id === 'strf' && isSound) {
      const { bytesASecond: _, ...told } = waveFormat(fields, at + 8);
      return { family: 'avi', ...told, seconds };
    }
    const length = fields.u32le(at + 4);
    at += LISTS.has(id) ? 12 : 8 + length + (length % 2);
  }
  return { family: 'avi' };
}

const WAVPACK_RATES = [
  ...[6000, 8000, 9600, 11_025, 12_000, 16_000, 22_050, 24_000],
  ...[32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 192_000],
];
const MOST_WAVPACK_BLOCKS = 16;

export function tellWavPack(fields: Fields): Told {
  const flags = fields.u32le(24);
  const rate = WAVPACK_RATES[(flags >>> 23) & 15] ?? 0;
  const bits = ((flags & 3) + 1) * 8 - ((flags >>> 13) & 31);
  let channels = 0;
  let last = false;
  // Channels come two by two, in a block each.
  for (
    let at = 0, count = 0;
    !last && count < MOST_WAVPACK_BLOCKS && fields.text(at, 4) === 'wvpk';
    count++
  ) {
    const own = fields.u32le(at + 24);
    channels += (own & 4) === 0 ? 2 : 1;
    last = (own & 0x1000) !== 0;
    at += fields.u32le(at + 4) + 8;
  }
  const claimed = fields.u32le(12);
  const frames = claimed === 0xffff_ffff ? countedWavPack(fields) : claimed;
  const hybrid = (flags & 8) !== 0;
  return { family: 'wv', seconds: frames / rate, rate, channels, bits: hybrid ? 0 : bits, lossless: !hybrid };
}

/** By the last block, where the file does not say. */
function countedWavPack({ reach }: Fields): number {
  const { bytes } = reach.tail;
  const at = bytes.lastIndexOf('wvpk');
  if (at < 0 || at + 24 > bytes.length) return 0;
  return bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20);
}

const APE_DESCRIBED_VERSION = 3980;
/** The highest compression of old versions has as large blocks as all levels of newer ones. */
const APE_EXTRA_HIGH = 4000;

export function tellApe(fields: Fields): Told {
  const version = fields.u16le(4);
  if (version >= APE_DESCRIBED_VERSION) {
    const at = fields.u32le(8);
    const frames = apeFrames(fields.u32le(at + 4), fields.u32le(at + 8), fields.u32le(at + 12));
    const [bits, channels, rate] = [fields.u16le(at + 16), fields.u16le(at + 18), fields.u32le(at + 20)];
    return { family: 'ape', seconds: frames / rate, rate, channels, bits, lossless: true };
  }
  const [level, flags] = [fields.u16le(6), fields.u16le(8)];
  const wide = version >= 3900 || (version >= 3800 && level >= APE_EXTRA_HIGH);
  const blocks = version >= 3950 ? 294_912 : wide ? 73_728 : 9216;
  const [channels, rate] = [fields.u16le(10), fields.u32le(12)];
  const frames = apeFrames(blocks, fields.u32le(28), fields.u32le(24));
  const bits = (flags & 1) !== 0 ? 8 : (flags & 8) !== 0 ? 24 : 16;
  return { family: 'ape', seconds: frames / rate, rate, channels, bits, lossless: true };
}

function apeFrames(blocks: number, ofLast: number, count: number): number {
  return count === 0 ? 0 : (count - 1) * blocks + ofLast;
}

export function tellTta(fields: Fields): Told {
  const [channels, bits, rate] = [fields.u16le(6), fields.u16le(8), fields.u32le(10)];
  return { family: 'tta', seconds: fields.u32le(14) / rate, rate, channels, bits, lossless: true };
}

const TAK_HEAD_BYTES = 4;
const TAK_STREAM = 1;
const MOST_TAK_BLOCKS = 64;

/** Numbers of so many bits in a row, the lowest first. */
export function tellTak(fields: Fields): Told {
  for (let at = 4, count = 0; count < MOST_TAK_BLOCKS && fields.has(at, TAK_HEAD_BYTES); count++) {
    const length = fields.u24be(at + 1);
    const bytes = ((length & 0xff) << 16) | (length & 0xff00) | (length >>> 16);
    const kind = fields.u8(at) & 0x7f;
    if (kind === 0) break;
    if (kind === TAK_STREAM) {
      const view = fields.window.view(at + TAK_HEAD_BYTES, 10);
      const bits = view.length < 10 ? 0n : view.readBigUInt64LE() | (BigInt(view.readUInt16LE(8)) << 64n);
      const part = (from: number, count: number) =>
        Number((bits >> BigInt(from)) & ((1n << BigInt(count)) - 1n));
      const rate = part(52, 18) + 6000;
      const told = { rate, bits: part(70, 5) + 8, channels: part(75, 4) + 1, lossless: true };
      return { family: 'tak', ...told, seconds: part(14, 35) / rate };
    }
    at += TAK_HEAD_BYTES + bytes;
  }
  return { family: 'tak' };
}

const MUSEPACK_RATES = [44_100, 48_000, 37_800, 32_000];
const MUSEPACK_FRAME = 1152;

export function tellMusepack7(fields: Fields): Told {
  const rate = MUSEPACK_RATES[fields.u8(10) & 3];
  return { family: 'mpc', seconds: (fields.u32le(4) * MUSEPACK_FRAME) / rate, rate, channels: 2 };
}

const MOST_MUSEPACK_PACKETS = 64;

export function tellMusepack8(fields: Fields): Told {
  for (let at = 4, count = 0; count < MOST_MUSEPACK_PACKETS && fields.has(at, 3); count++) {
    const size = sevenBitNumber(fields, at + 2);
    if (fields.text(at, 2) === 'SH') {
      const frames = sevenBitNumber(fields, size.end + 5);
      const silent = sevenBitNumber(fields, frames.end);
      const rate = MUSEPACK_RATES[fields.u8(silent.end) >> 5] ?? 0;
      const channels = (fields.u8(silent.end + 1) >> 4) + 1;
      return { family: 'mpc8', seconds: (frames.value - silent.value) / rate, rate, channels };
    }
    if (size.value < 3) break;
    at += size.value;
  }
  return { family: 'mpc8' };
}

function sevenBitNumber(fields: Fields, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = fields.u8(at + i);
    value = value * 128 + (byte & 127);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  return { value: 0, end: at + 9 };
}

/** FFmpeg's decoder makes one sample of so many bits. */
const DSD_STEP = 8;

export function tellDsf(fields: Fields): Told {
  const rate = fields.u32le(56) / DSD_STEP;
  return { family: 'dsf', seconds: fields.u64le(64) / DSD_STEP / rate, rate, channels: fields.u32le(52) };
}

export function tellAmr(fields: Fields): Told {
  const wide = fields.text(5, 4) === '-WB\n';
  const told = tellFrames(fields, wide ? 9 : 6, amrFrame(wide));
  return { ...told, family: 'amr' };
}
