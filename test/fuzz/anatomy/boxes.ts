/** Formats of boxes in boxes: MP4 and QuickTime, Matroska, ASF. */
import { big, type Field, little, read, type Shape, shape, unknown } from './shape.ts';

const MOST_BOXES = 4000;
const LOOKED_INTO = 96;

/** Boxes of MP4 that hold others, and how many bytes lie before these. */
const NESTS: Readonly<Record<string, number>> = {
  ...{ moov: 0, trak: 0, mdia: 0, minf: 0, stbl: 0, edts: 0, udta: 0, ilst: 0, dinf: 0, moof: 0, traf: 0 },
  ...{ mvex: 0, wave: 0, meta: 4, stsd: 8, dref: 8, mp4a: 28, alac: 28, fLaC: 28, Opus: 28, sowt: 28 },
};

export function mp4(bytes: Buffer): Shape {
  const found = shape();
  boxes(bytes, 0, bytes.length, found);
  return found;
}

function boxes(bytes: Buffer, from: number, end: number, found: Shape): void {
  for (let at = from; at + 8 <= end && found.pieces.length < MOST_BOXES; ) {
    const claimed = bytes.readUInt32BE(at);
    const name = bytes.toString('latin1', at + 4, at + 8);
    const length = claimed === 1 ? big(at + 8, 8) : big(at, 4);
    const body = at + (claimed === 1 ? 16 : 8);
    const next = claimed < 2 ? end : Math.min(end, Math.max(at + 8, at + claimed));
    found.fields.push(length);
    found.pieces.push({ at, end: next, length });
    const inner = NESTS[name];
    // A sample's description of another file holds the same name again, with no boxes in it.
    if (inner !== undefined && body + inner < next) boxes(bytes, body + inner, next, found);
    if (name !== 'mdat' && (inner === undefined || inner > 0)) {
      const known = inner === undefined ? LOOKED_INTO : inner;
      found.fields.push(...unknown('big', body, Math.min(next, body + known), 4));
      if (known === 28) found.fields.push(...unknown('big', body, body + known, 2));
    }
    at = next;
  }
}

/** Elements of Matroska that hold others. */
const MASTERS = new Set([
  ...[0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae, 0xe1, 0x1f43b675, 0xa0, 0x1c53bb6b, 0xbb, 0xb7],
  ...[0x114d9b74, 0x4dbb, 0x1254c367, 0x7373, 0x63c0, 0x67c8, 0x1043a770, 0x45b9, 0xb6, 0x80, 0x6d80, 0x6240],
]);

export function matroska(bytes: Buffer): Shape {
  const found = shape();
  elements(bytes, 0, bytes.length, found);
  return found;
}

function elements(bytes: Buffer, from: number, end: number, found: Shape): void {
  for (let at = from; at + 2 <= end && found.pieces.length < MOST_BOXES; ) {
    const idBytes = Math.clz32(bytes[at]) - 23;
    const lengthAt = at + idBytes;
    const lengthBytes = lengthAt < end ? Math.clz32(bytes[lengthAt]) - 23 : 9;
    if (idBytes > 4 || lengthBytes > 8 || lengthAt + lengthBytes > end) return;
    const id = Number(read(bytes, big(at, idBytes)));
    const length: Field = big(lengthAt, lengthBytes);
    const mark = 1n << BigInt(7 * lengthBytes);
    const claimed = read(bytes, length) & (mark - 1n);
    const body = lengthAt + lengthBytes;
    const next = claimed === mark - 1n ? end : Math.min(end, body + Number(claimed));
    found.fields.push(length, big(at, idBytes));
    found.pieces.push({ at, end: next, length });
    if (MASTERS.has(id)) elements(bytes, body, next, found);
    else if (next - body > 0 && next - body <= 8) found.fields.push(big(body, next - body));
    else found.fields.push(...unknown('big', body, Math.min(next, body + 16), 2));
    at = Math.max(next, at + 2);
  }
}

const GUID_BYTES = 16;
const ASF_HEAD = GUID_BYTES + 8;

export function asf(bytes: Buffer): Shape {
  const found = shape();
  objects(bytes, 0, bytes.length, found);
  return found;
}

function objects(bytes: Buffer, from: number, end: number, found: Shape): void {
  for (let at = from; at + ASF_HEAD <= end && found.pieces.length < MOST_BOXES; ) {
    const length = little(at + GUID_BYTES, 8);
    const next = Math.min(end, at + Math.max(ASF_HEAD, Number(read(bytes, length))));
    found.fields.push(length);
    found.pieces.push({ at, end: next, length });
    // The header holds objects behind six bytes, its extension behind 22 more.
    const isHeader = at === 0;
    if (isHeader) objects(bytes, at + ASF_HEAD + 6, next, found);
    const body = at + ASF_HEAD;
    found.fields.push(...unknown('little', body, Math.min(next, body + LOOKED_INTO), 4));
    found.fields.push(...unknown('little', body, Math.min(next, body + LOOKED_INTO), 2));
    at = next;
  }
}
