/** Hand-written lists of tags, of every kind that FFmpeg reads, as long as a test likes. */
import type { AudioTags } from '../../src/audio/tags/model.ts';

/** Fields by their keys, those of several values with `;` between them. */
export function byKey({ fields }: Pick<AudioTags, 'fields'>): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { key, value } of fields) all[key] = key in all ? `${all[key]};${value}` : value;
  return all;
}

/** A name and its value. */
export type Entry = readonly [name: string, value: string];

/** So many tags with names of nine letters. */
export function entries(count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => [`tag${String(i).padStart(6, '0')}`, 'value']);
}

export function little(value: number, bytes = 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

export function big(value: number, bytes = 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

type Version = 2 | 3 | 4;

interface Id3Options {
  readonly version?: Version;
  /** Of the second byte of the head, such as 0x40 for an extended head, which `frames` then begin with. */
  readonly flags?: number;
  readonly footer?: boolean;
  readonly paddingBytes?: number;
}

export function id3(frames: readonly Buffer[], options: Id3Options = {}): Buffer {
  const { version = 3, flags = 0, footer = false, paddingBytes = 0 } = options;
  const body = Buffer.concat([...frames, Buffer.alloc(paddingBytes)]);
  const head = Buffer.from([version, 0, flags | (footer ? 0x10 : 0), ...sevenBits(body.length)]);
  const end = footer ? [Buffer.from('3DI'), head] : [];
  return Buffer.concat([Buffer.from('ID3'), head, body, ...end]);
}

export function id3Frame(id: string, body: Buffer | string, version: Version = 3, flags = 0): Buffer {
  const bytes = Buffer.from(body);
  if (version === 2) return Buffer.concat([Buffer.from(id), big(bytes.length, 3), bytes]);
  const length = version === 4 ? sevenBits(bytes.length) : big(bytes.length);
  return Buffer.concat([Buffer.from(id), length, big(flags, 2), bytes]);
}

export function title(text: string): Buffer {
  return id3Frame('TIT2', `\0${text}`);
}

/** Frames that people name themselves. */
export function userFrames(list: readonly Entry[], version: Version = 3): Buffer[] {
  return list.map(([name, value]) =>
    id3Frame(version === 2 ? 'TXX' : 'TXXX', `\0${name}\0${value}`, version),
  );
}

function sevenBits(value: number): Buffer {
  return Buffer.from([21, 14, 7, 0].map((shift) => (value >> shift) & 0x7f));
}

export function comments(list: readonly Entry[]): Buffer {
  const parts = list.map(([name, value]) => Buffer.from(`${name}=${value}`));
  const lines = parts.flatMap((part) => [little(part.length), part]);
  return Buffer.concat([little(4), Buffer.from('test'), little(list.length), ...lines]);
}

const STREAM_INFO_END = 42;

/** Puts blocks behind the first one of a FLAC file. */
export function withBlocks(flac: Buffer, blocks: readonly (readonly [type: number, body: Buffer])[]): Buffer {
  const more = blocks.map(([type, body]) => Buffer.concat([Buffer.from([type]), big(body.length, 3), body]));
  return Buffer.concat([flac.subarray(0, STREAM_INFO_END), ...more, flac.subarray(STREAM_INFO_END)]);
}

export function ape(list: readonly Entry[]): Buffer {
  const items = Buffer.concat(
    list.map(([name, value]) =>
      Buffer.concat([little(value.length), little(0), Buffer.from(`${name}\0${value}`)]),
    ),
  );
  const mark = (flags: number): Buffer =>
    Buffer.concat([
      ...[Buffer.from('APETAGEX'), little(2000), little(items.length + 32), little(list.length)],
      ...[little(flags), Buffer.alloc(8)],
    ]);
  return Buffer.concat([mark(0xa000_0000), items, mark(0x8000_0000)]);
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([big(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

/** Puts boxes at the end of an MP4's header, which is the last box of those that millpond writes. */
export function withBoxes(mp4: Buffer, ...boxes: readonly Buffer[]): Buffer {
  const at = mp4.lastIndexOf('moov') - 4;
  return Buffer.concat([mp4.subarray(0, at), box('moov', mp4.subarray(at + 8), ...boxes)]);
}

export function freeform(list: readonly Entry[]): Buffer {
  const tags = list.map(([name, value]) =>
    box(
      '----',
      box('mean', big(0), Buffer.from('com.apple.iTunes')),
      box('name', big(0), Buffer.from(name)),
      box('data', big(1), big(0), Buffer.from(value)),
    ),
  );
  const handler = box('hdlr', Buffer.alloc(8), Buffer.from('mdirappl'), Buffer.alloc(9));
  return box('udta', box('meta', big(0), handler, box('ilst', ...tags)));
}

/** QuickTime's own: names in a list, and values by their numbers. */
export function keyed(list: readonly Entry[]): Buffer {
  const handler = box('hdlr', Buffer.alloc(8), Buffer.from('mdta'), Buffer.alloc(13));
  const keys = list.map(([name]) => Buffer.concat([big(8 + name.length), Buffer.from(`mdta${name}`)]));
  const values = list.map(([, value], i) =>
    box(big(i + 1).toString('latin1'), box('data', big(1), big(0), Buffer.from(value))),
  );
  return box('meta', handler, box('keys', big(0), big(list.length), ...keys), box('ilst', ...values));
}

/** One value after another under one name. */
export function repeated(name: string, value: string, count: number): Buffer {
  const handler = box('hdlr', Buffer.alloc(8), Buffer.from('mdirappl'), Buffer.alloc(9));
  const values = Array.from({ length: count }, () => box('data', big(1), big(0), Buffer.from(value)));
  return box('udta', box('meta', big(0), handler, box('ilst', box(name, ...values))));
}

/** A header that is packed, as old QuickTime could. */
export function packedHeader(): Buffer {
  return box('cmov', box('dcom', Buffer.from('zlib')), box('cmvd', big(0x7fff_ffff), Buffer.alloc(100)));
}

export function element(id: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(id, 'hex'), Buffer.from([0x01, 0, 0, 0]), big(body.length), body]);
}

/** @param each in a group of its own, after each of which FFmpeg goes through all */
export function matroskaTags(list: readonly Entry[], { each = false } = {}): Buffer {
  const simple = list.map(([name, value]) =>
    element('67c8', element('45a3', Buffer.from(name)), element('4487', Buffer.from(value))),
  );
  const groups = each ? simple.map((tag) => [tag]) : [simple];
  return element('1254c367', ...groups.map((tags) => element('7373', element('63c0'), ...tags)));
}

/** Tags in tags, each of which FFmpeg takes for two. */
export function nestedTags(depth: number): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) {
    inner = element(
      '67c8',
      element('45a3', Buffer.from(`level${i}`)),
      element('447a', Buffer.from('eng')),
      inner,
    );
  }
  return element('1254c367', element('7373', element('63c0'), inner));
}

/** Puts elements before the others of a Matroska file, and its index out of use. */
export function withElements(matroska: Buffer, ...elements: readonly Buffer[]): Buffer {
  const at = matroska.indexOf('18538067', 'hex');
  const rest = Buffer.from(matroska.subarray(at + 12));
  rest[3]++;
  return Buffer.concat([matroska.subarray(0, at), element('18538067', ...elements, rest)]);
}

/** Puts an object of tags into the header of an ASF file. */
export function withAsfTags(asf: Buffer, list: readonly Entry[]): Buffer {
  const headerBytes = Number(asf.readBigUInt64LE(16));
  const wide = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le');
  const tags = list.map(([name, value]) => {
    const [key, text] = [wide(name), wide(value)];
    return Buffer.concat([little(key.length, 2), key, little(0, 2), little(text.length, 2), text]);
  });
  const body = Buffer.concat([little(list.length, 2), ...tags]);
  const guid = Buffer.from('40a4d0d207e3d21197f000a0c95ea850', 'hex');
  const object = Buffer.concat([guid, little(body.length + 24), little(0), body]);
  const head = Buffer.from(asf.subarray(0, 30));
  head.writeBigUInt64LE(BigInt(headerBytes + object.length), 16);
  head.writeUInt32LE(head.readUInt32LE(24) + 1, 24);
  return Buffer.concat([head, asf.subarray(30, headerBytes), object, asf.subarray(headerBytes)]);
}

/** A file of one block of one bit each, and a tag behind it. */
export function dsf(tag: Buffer): Buffer {
  const [channels, rate, blockBytes] = [1, 2_822_400, 4096];
  const long = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const words = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
  const form = [words(1, 0, 1, channels, rate, 1), long(blockBytes * 8), words(blockBytes, 0)];
  const sound = Buffer.alloc(blockBytes, 0x69);
  const start = 28 + 52 + 12 + sound.length;
  return Buffer.concat([
    ...[Buffer.from('DSD '), long(28), long(start + tag.length), long(start)],
    ...[Buffer.from('fmt '), long(52), ...form],
    ...[Buffer.from('data'), long(12 + sound.length), sound, tag],
  ]);
}
