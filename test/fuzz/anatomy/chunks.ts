/** Formats made of chunks, each with a name and a length: WAV, AVI, AIFF, CAF, W64; and AU. */
import { big, type Field, little, read, row, type Shape, shape, unknown } from './shape.ts';

/** Of a chunk of which nothing more is known. */
const LOOKED_INTO = 64;

interface Layout {
  readonly first: number;
  readonly order: 'little' | 'big';
  readonly nameBytes: number;
  readonly lengthBytes: number;
  /** Chunks begin at multiples of so many bytes. */
  readonly align: number;
  /** The length counts the chunk's head, too. */
  readonly withHead?: boolean;
  /** Names of those that hold others, and how many bytes lie before these. */
  readonly nests?: Readonly<Record<string, number>>;
  /** Numbers of well-known chunks, by the sizes that they have in bytes. */
  readonly known: Readonly<Record<string, readonly number[]>>;
}

/** The longest list of chunks that is looked at. */
const MOST_CHUNKS = 2000;

function chunks(bytes: Buffer, layout: Layout, from: number, end: number, found: Shape): void {
  const { order, nameBytes, lengthBytes, align, withHead, nests = {}, known } = layout;
  const head = nameBytes + lengthBytes;
  for (let at = from; at + head <= end && found.pieces.length < MOST_CHUNKS; ) {
    const name = bytes.toString('latin1', at, at + Math.min(4, nameBytes));
    const length: Field = { at: at + nameBytes, bytes: lengthBytes, order };
    const body = at + head;
    const claimed = Number(read(bytes, length)) - (withHead ? head : 0);
    const next = Math.min(end, body + Math.max(0, claimed));
    found.fields.push(length);
    found.pieces.push({ at, end: next, length });
    const sizes = known[name];
    if (nests[name] !== undefined) chunks(bytes, layout, body + nests[name], next, found);
    else if (sizes !== undefined) found.fields.push(...row(order, body, ...sizes));
    else if (name !== 'data') {
      found.fields.push(...unknown(order, body, Math.min(next, body + LOOKED_INTO), 4));
    }
    at = next + ((align - ((next - from) % align)) % align);
  }
}

const RIFF: Layout = {
  ...{ first: 0, order: 'little', nameBytes: 4, lengthBytes: 4, align: 2 },
  nests: { RIFF: 4, LIST: 4 },
  known: {
    'fmt ': [2, 2, 4, 4, 2, 2, 2, 2, 4, 2],
    ds64: [8, 8, 8, 4, 4, 8],
    fact: [4],
    'cue ': [4, 4, 4, 4, 4, 4, 4],
  },
};

export function riff(bytes: Buffer): Shape {
  const found = shape();
  // The whole is one chunk, whatever it is called: RF64, BW64, RIFX.
  const name = bytes.toString('latin1', 0, 4);
  const order = name === 'RIFX' ? 'big' : 'little';
  chunks(bytes, { ...RIFF, order, nests: { ...RIFF.nests, [name]: 4 } }, 0, bytes.length, found);
  if (found.pieces.length < 2) chunks(bytes, RIFF, 12, bytes.length, found);
  return found;
}

export function aiff(bytes: Buffer): Shape {
  const found = shape();
  const known = { COMM: [2, 4, 2, 2, 4, 4, 4], SSND: [4, 4], FVER: [4], MARK: [2, 2, 4], FORM: [4] };
  const layout = { first: 12, order: 'big', nameBytes: 4, lengthBytes: 4, align: 2, known } as const;
  found.fields.push(big(4, 4));
  chunks(bytes, layout, 12, bytes.length, found);
  return found;
}

export function caf(bytes: Buffer): Shape {
  const found = shape();
  const known = {
    desc: [8, 4, 4, 4, 4, 4, 4],
    pakt: [8, 8, 4, 4, 1, 1, 1, 1, 1, 1],
    chan: [4, 4, 4],
    kuki: [4, 4],
  };
  const layout = { first: 8, order: 'big', nameBytes: 4, lengthBytes: 8, align: 1, known } as const;
  found.fields.push(big(4, 2), big(6, 2));
  chunks(bytes, layout, 8, bytes.length, found);
  return found;
}

export function w64(bytes: Buffer): Shape {
  const found = shape();
  const known = { 'fmt ': [2, 2, 4, 4, 2, 2, 2, 2, 4, 2] };
  const layout = {
    first: 40,
    order: 'little',
    nameBytes: 16,
    lengthBytes: 8,
    align: 8,
    withHead: true,
  } as const;
  found.fields.push(little(16, 8));
  chunks(bytes, { ...layout, known }, 40, bytes.length, found);
  return found;
}

export function au(bytes: Buffer): Shape {
  return {
    fields: row('big', 4, 4, 4, 4, 4, 4),
    pieces: [
      { at: 0, end: 24 },
      { at: 24, end: bytes.length },
    ],
  };
}
