/** Hand-written WAV files, so that what goes into a test does not come from the code under test. */
import { writeFileSync } from 'node:fs';

export type WavFormat = 'u8' | 's16' | 's24' | 's32' | 's64' | 'f32' | 'f64';

const BYTES: Record<WavFormat, number> = { u8: 1, s16: 2, s24: 3, s32: 4, s64: 8, f32: 4, f64: 8 };

interface WavOptions {
  readonly rate?: number;
  readonly format?: WavFormat;
  /** Speaker mask; without one the layout is unspecified. */
  readonly mask?: number;
  /** Bits of a sample that count, by the header; needs a mask. Default: all of its bytes. */
  readonly validBits?: number;
  /** LIST INFO entries by their four letters, such as INAM for the title. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Other chunks, whole, before and behind the samples. */
  readonly before?: readonly Buffer[];
  readonly behind?: readonly Buffer[];
}

/**
 * @param planes whole numbers for integer formats (u8: 0 to 255), -1 to 1 for floats; one array per channel
 */
export function wav(planes: readonly ArrayLike<number>[], options: WavOptions = {}): Buffer {
  const { rate = 44_100, format = 's16', mask, tags = {}, before = [], behind = [] } = options;
  const channels = planes.length;
  const bytes = BYTES[format];
  const { validBits = bytes * 8 } = options;
  const data = Buffer.alloc((planes[0]?.length ?? 0) * channels * bytes);
  for (let i = 0, at = 0; i < planes[0].length; i++) {
    for (const plane of planes) at = put(data, format, plane[i], at);
  }
  const code = format.startsWith('f') ? 3 : 1;
  const fmt = Buffer.alloc(mask === undefined ? 16 : 40);
  fmt.writeUInt16LE(mask === undefined ? code : 0xfffe, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(rate, 4);
  fmt.writeUInt32LE(rate * channels * bytes, 8);
  fmt.writeUInt16LE(channels * bytes, 12);
  fmt.writeUInt16LE(bytes * 8, 14);
  if (mask !== undefined) {
    fmt.writeUInt16LE(22, 16);
    fmt.writeUInt16LE(validBits, 18);
    fmt.writeUInt32LE(mask, 20);
    fmt.writeUInt16LE(code, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(fmt, 26);
  }
  const info = Object.entries(tags).map(([key, value]) => chunk(key, Buffer.from(`${value}\0`)));
  const list = info.length === 0 ? [] : [chunk('LIST', Buffer.concat([Buffer.from('INFO'), ...info]))];
  return chunk(
    'RIFF',
    Buffer.concat([
      ...[Buffer.from('WAVE'), chunk('fmt ', fmt), ...list, ...before],
      ...[chunk('data', data), ...behind],
    ]),
  );
}

export function writeWav(path: string, planes: readonly ArrayLike<number>[], options?: WavOptions): string {
  writeFileSync(path, wav(planes, options));
  return path;
}

export function chunk(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function put(data: Buffer, format: WavFormat, value: number, at: number): number {
  switch (format) {
    case 'u8':
      return data.writeUInt8(value, at);
    case 's16':
      return data.writeInt16LE(value, at);
    case 's24':
      return data.writeIntLE(value, at, 3);
    case 's32':
      return data.writeInt32LE(value, at);
    case 's64':
      return data.writeBigInt64LE(BigInt(value), at);
    case 'f32':
      return data.writeFloatLE(value, at);
    case 'f64':
      return data.writeDoubleLE(value, at);
  }
}

/** Whole numbers over the whole range of so many bits, ends included, from a fixed seed. */
export function noise(frames: number, bits: number, seed = 1): number[] {
  const half = 2 ** (bits - 1);
  let state = seed;
  const values = Array.from({ length: frames }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * 2 * half) - half;
  });
  values[0] = half - 1;
  if (frames > 1) values[1] = -half;
  return values;
}

/** A sine from -1 to 1. */
export function tone(frames: number, rate: number, hertz: number, amplitude = 1): Float64Array {
  const samples = new Float64Array(frames);
  for (let i = 0; i < frames; i++) samples[i] = amplitude * Math.sin((2 * Math.PI * hertz * i) / rate);
  return samples;
}

/** As 16-bit samples. */
export function to16(samples: ArrayLike<number>): number[] {
  return Array.from(samples, (sample) => Math.round(sample * 32_767));
}
