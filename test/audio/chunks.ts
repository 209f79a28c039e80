/** Hand-written chunks of WAV and its kin, of AIFF and CAF, and files with such in them. */
import { big, type Entry, little } from './tags.ts';

/** A list of texts as RIFF has it. @param claimed what the first one says it has */
export function info(list: readonly Entry[], claimed?: number): Buffer {
  const texts = list.map(([, value], i) => {
    const body = Buffer.from(`${value}\0`.padEnd(6, '\0'));
    const bytes = i === 0 ? (claimed ?? body.length) : body.length;
    return Buffer.concat([Buffer.from(i.toString(36).padStart(4, '0')), little(bytes), body]);
  });
  const body = Buffer.concat([Buffer.from('INFO'), ...texts]);
  return Buffer.concat([
    Buffer.from('LIST'),
    little(claimed === undefined ? body.length : claimed + 12),
    body,
  ]);
}

/** Puts a list of texts before the others of an AVI file. */
export function withInfo(avi: Buffer, list: readonly Entry[], claimed?: number): Buffer {
  return Buffer.concat([avi.subarray(0, 12), info(list, claimed), avi.subarray(12)]);
}

/** Puts chunks before the others of a WAV file, or behind them. */
export function withChunks(wav: Buffer, before: readonly Buffer[], behind: readonly Buffer[] = []): Buffer {
  return Buffer.concat([wav.subarray(0, 36), ...before, wav.subarray(36), ...behind]);
}

export function riffChunk(id: string, body: Buffer, claimed = body.length): Buffer {
  return Buffer.concat([Buffer.from(id), little(claimed), body, Buffer.alloc(body.length % 2)]);
}

export function aiffChunk(id: string, body: Buffer, claimed = body.length): Buffer {
  return Buffer.concat([Buffer.from(id), big(claimed), body, Buffer.alloc(body.length % 2)]);
}

/** Puts chunks before the others of an AIFF file, or behind them. */
export function withAiffChunks(
  aiff: Buffer,
  before: readonly Buffer[],
  behind: readonly Buffer[] = [],
): Buffer {
  const bytes = Buffer.concat([aiff.subarray(0, 12), ...before, aiff.subarray(12), ...behind]);
  bytes.writeUInt32BE(bytes.length - 8, 4);
  return bytes;
}

export function cafChunk(id: string, body: Buffer, claimed = body.length): Buffer {
  return Buffer.concat([Buffer.from(id), big(0), big(claimed), body]);
}

export function cafTags(list: readonly Entry[]): Buffer {
  const texts = list.map(([name, value]) => Buffer.from(`${name}\0${value}\0`));
  return cafChunk('info', Buffer.concat([big(list.length), ...texts]));
}

const CAF_FORM_END = 52;

/** Puts chunks before the sound of a CAF file, or behind it. */
export function withCafChunks(
  caf: Buffer,
  before: readonly Buffer[],
  behind: readonly Buffer[] = [],
): Buffer {
  return Buffer.concat([caf.subarray(0, CAF_FORM_END), ...before, caf.subarray(CAF_FORM_END), ...behind]);
}

const W64_HEAD_BYTES = 24;
const W64_FORM_BYTES = 40;

/** @param guid in hexadecimal digits */
export function w64Chunk(guid: string, body: Buffer, claimed = body.length): Buffer {
  const padding = Buffer.alloc((8 - (body.length % 8)) % 8);
  const head = [Buffer.from(guid, 'hex'), little(claimed + W64_HEAD_BYTES), little(0)];
  return Buffer.concat([...head, body, padding]);
}

/** A list of texts as W64 has it. @param claimed what the first one says it has */
export function w64Tags(list: readonly Entry[], claimed?: number): Buffer {
  const texts = list.map(([, value], i) => {
    const body = Buffer.from(`${value}\0`, 'utf16le');
    const bytes = i === 0 ? (claimed ?? body.length) : body.length;
    return Buffer.concat([Buffer.from(i.toString(36).padStart(4, '0')), little(bytes), body]);
  });
  return w64Chunk('bc945f925a52d21186dc00c04f8edb8a', Buffer.concat([little(list.length), ...texts]));
}

/** Puts chunks before the others of a W64 file. */
export function withW64Chunks(
  w64: Buffer,
  before: readonly Buffer[],
  behind: readonly Buffer[] = [],
): Buffer {
  return Buffer.concat([w64.subarray(0, W64_FORM_BYTES), ...before, w64.subarray(W64_FORM_BYTES), ...behind]);
}
