/**
 * Reads what an audio file says of itself, byte by byte: the judge of a benchmark must not be one of its
 * contenders.
 */
import { readFileSync } from 'node:fs';

export interface Facts {
  readonly codec: 'pcm' | 'vorbis' | 'flac' | 'mp3';
  readonly rate: number;
  readonly channels: number;
  /** Undefined where the codec has none. */
  readonly bits: number | undefined;
  /** Samples of one channel, without the encoder's padding. */
  readonly frames: number;
}

/** Undefined for what is none of WAV, Ogg Vorbis, FLAC and MP3 with a LAME tag. */
export function probe(file: string): Facts | undefined {
  const bytes = readFileSync(file);
  if (bytes.toString('latin1', 0, 4) === 'RIFF') return probeWav(bytes);
  if (bytes.toString('latin1', 0, 4) === 'fLaC') return probeFlac(bytes);
  if (bytes.toString('latin1', 0, 4) === 'OggS') return probeOgg(bytes);
  return probeMp3(bytes);
}

function probeWav(bytes: Buffer): Facts | undefined {
  let format: Omit<Facts, 'frames'> | undefined;
  let frameBytes = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      format = {
        codec: 'pcm',
        channels: bytes.readUInt16LE(at + 10),
        rate: bytes.readUInt32LE(at + 12),
        bits: bytes.readUInt16LE(at + 22),
      };
      frameBytes = bytes.readUInt16LE(at + 20);
    } else if (id === 'data' && format !== undefined) {
      return { ...format, frames: Math.floor(Math.min(length, bytes.length - at - 8) / frameBytes) };
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}

function probeOgg(bytes: Buffer): Facts | undefined {
  if (bytes.toString('latin1', 29, 35) !== 'vorbis') return undefined;
  const lastPage = bytes.lastIndexOf('OggS');
  return {
    codec: 'vorbis',
    channels: bytes[39],
    rate: bytes.readUInt32LE(40),
    bits: undefined,
    frames: Number(bytes.readBigInt64LE(lastPage + 6)),
  };
}

function probeFlac(bytes: Buffer): Facts {
  // STREAMINFO is always the first block: 20 bits rate, 3 channels - 1, 5 bits - 1, 36 frames.
  const packed = bytes.readBigUInt64BE(18);
  return {
    codec: 'flac',
    rate: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    frames: Number(packed & 0xf_ffff_ffffn),
  };
}

function probeMp3(bytes: Buffer): Facts | undefined {
  let at = 0;
  if (bytes.toString('latin1', 0, 3) === 'ID3') {
    at = 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]);
  }
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe6) !== 0xe2) return undefined; // sync, layer 3
  const version = (bytes[at + 1] >> 3) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const mono = bytes[at + 3] >> 6 === 3;
  const rate =
    [44_100, 48_000, 32_000][(bytes[at + 2] >> 2) & 3] >> (version === 3 ? 0 : version === 2 ? 1 : 2);
  const tag = at + 4 + (version === 3 ? (mono ? 17 : 32) : mono ? 9 : 17);
  if (!['Xing', 'Info'].includes(bytes.toString('latin1', tag, tag + 4))) return undefined;
  const flags = bytes.readUInt32BE(tag + 4);
  if ((flags & 1) === 0) return undefined;
  const packets = bytes.readUInt32BE(tag + 8);
  const lame = tag + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) / 2;
  const delay = (bytes[lame + 21] << 4) | (bytes[lame + 22] >> 4);
  const padding = ((bytes[lame + 22] & 15) << 8) | bytes[lame + 23];
  return {
    codec: 'mp3',
    rate,
    channels: mono ? 1 : 2,
    bits: undefined,
    frames: packets * (version === 3 ? 1152 : 576) - delay - padding,
  };
}
