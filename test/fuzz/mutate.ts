/**
 * Makes a hostile file of an honest one, from one seed. Knows where numbers and pieces lie, keeps lengths and
 * checksums right most of the time, so that what is changed is reached, and breaks them at others.
 */
import type { Dice } from '../stress/contents.ts';
import { anatomyOf } from './anatomy/anatomy.ts';
import { type Field, fits, type Piece, read, type Shape, write } from './anatomy/shape.ts';

/** Bytes that a file may grow to. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Changes of one file, one over the other. */
const MOST_CHANGES = 4;

interface Mutant {
  readonly bytes: Buffer;
  /** What was done, in order. */
  readonly done: readonly MutationName[];
}

interface Parts {
  readonly dice: Dice;
  /** All honest files. */
  readonly others: readonly Buffer[];
}

type Mutation = (bytes: Buffer, shape: Shape, parts: Parts) => Buffer;

export function mutate(honest: Buffer, dice: Dice, others: readonly Buffer[]): Mutant {
  let bytes: Buffer = Buffer.from(honest);
  const done: MutationName[] = [];
  const changes = 1 + Math.min(dice.below(MOST_CHANGES), dice.below(MOST_CHANGES));
  for (let change = 0; change < changes; change++) {
    const shape = anatomyOf(bytes);
    const name = dice.pick(WEIGHTED);
    bytes = MUTATIONS[name](bytes, shape, { dice, others }).subarray(0, MOST_BYTES);
    done.push(name);
  }
  if (dice.thousandth(800)) anatomyOf(bytes).seal?.(bytes);
  return { bytes, done };
}

const MUTATIONS = {
  /** A number of the format becomes another one: sizes, counts, rates, channels, granules. */
  number: (bytes, { fields }, { dice }) => {
    const there = fields.filter((field) => fits(field, bytes));
    if (there.length === 0) return bytes;
    for (let times = 1 + dice.below(3); times > 0; times--) {
      const field = dice.pick(dice.thousandth(500) ? there.slice(0, 40) : there);
      write(bytes, field, hostileNumber(read(bytes, field), field, bytes.length, dice));
    }
    return bytes;
  },
  /** Any bytes anywhere become a number, mostly in front. */
  somewhere: (bytes, _, { dice }) => {
    const size = dice.pick([1, 2, 4, 8]);
    if (bytes.length < 16) return bytes;
    const field = { at: position(bytes, dice), bytes: size, order: dice.pick(['little', 'big'] as const) };
    if (fits(field, bytes)) write(bytes, field, hostileNumber(read(bytes, field), field, bytes.length, dice));
    return bytes;
  },
  flip: (bytes, _, { dice }) => {
    for (let times = 1 + dice.below(16); times > 0 && bytes.length > 0; times--) {
      bytes[position(bytes, dice)] ^= 1 << dice.below(8);
    }
    return bytes;
  },
  noise: (bytes, _, { dice }) => {
    const from = position(bytes, dice);
    for (let at = from; at < Math.min(bytes.length, from + dice.length(4096)); at++)
      bytes[at] = dice.below(256);
    return bytes;
  },
  truncate: (bytes, { pieces }, { dice }) => {
    const at =
      pieces.length > 0 && dice.thousandth(500) ? dice.pick(pieces).end : dice.below(bytes.length + 1);
    return bytes.subarray(0, Math.max(0, at - dice.below(3)));
  },
  remove: (bytes, shape, { dice }) => {
    const { at, end } = pieceOf(bytes, shape, dice);
    return replaced(bytes, shape, at, end, Buffer.alloc(0), dice);
  },
  /** A piece comes again, once or thousands of times. */
  repeat: (bytes, shape, { dice }) => {
    const { at, end } = pieceOf(bytes, shape, dice);
    const most = Math.floor((MOST_BYTES - bytes.length) / Math.max(1, end - at));
    const times = Math.max(0, Math.min(most, dice.pick([1, 2, 10, 300, 5000, 300_000])));
    const all = Buffer.alloc(times * (end - at));
    for (let i = 0; i < times; i++) bytes.copy(all, i * (end - at), at, end);
    return replaced(bytes, shape, end, end, all, dice);
  },
  move: (bytes, shape, { dice }) => {
    const { at, end } = pieceOf(bytes, shape, dice);
    const piece = Buffer.from(bytes.subarray(at, end));
    const rest = replaced(bytes, shape, at, end, Buffer.alloc(0), dice);
    const { at: to } = pieceOf(rest, anatomyOf(rest), dice);
    return replaced(rest, anatomyOf(rest), to, to, piece, dice);
  },
  /** What is inside of a piece becomes shorter or longer, or nothing. */
  inside: (bytes, shape, { dice }) => {
    const { at, end } = pieceOf(bytes, shape, dice);
    const from = at + dice.below(end - at + 1);
    const cut = dice.thousandth(500) ? dice.below(end - from + 1) : 0;
    const more = Buffer.alloc(
      dice.thousandth(600) ? dice.length(65_536) : 0,
      dice.pick([0, 0xff, dice.below(256)]),
    );
    return replaced(bytes, shape, from, from + cut, more, dice);
  },
  /** A piece of another file comes in. */
  splice: (bytes, shape, { dice, others }) => {
    const other = dice.pick(others);
    const { at, end } = pieceOf(other, anatomyOf(other), dice);
    const to = pieceOf(bytes, shape, dice);
    return replaced(
      bytes,
      shape,
      to.at,
      dice.thousandth(500) ? to.end : to.at,
      other.subarray(at, end),
      dice,
    );
  },
  /** The head of this file, and the rest of another. */
  reHead: (bytes, _, { dice, others }) => {
    const other = dice.pick(others);
    const head = dice.below(Math.min(bytes.length, 2048) + 1);
    return Buffer.concat([bytes.subarray(0, head), other.subarray(dice.below(2) * head)]);
  },
  /** What people and programs put in front of and behind files. */
  wrap: (bytes, _, { dice, others }) => {
    const front = dice.pick([Buffer.alloc(0), id3(dice), Buffer.alloc(dice.length(4096))]);
    const end = dice.pick([
      Buffer.alloc(0),
      apeTag(dice),
      id3v1(),
      Buffer.alloc(dice.length(65_536)),
      dice.pick(others),
    ]);
    return Buffer.concat([front, bytes, end]);
  },
  zeros: (bytes, shape, { dice }) => {
    const { at, end } = pieceOf(bytes, shape, dice);
    bytes.fill(dice.pick([0, 0xff]), Math.min(end, at + dice.pick([0, 4, 8, 16])), end);
    return bytes;
  },
} satisfies Record<string, Mutation>;

export type MutationName = keyof typeof MUTATIONS;
const MUTATION_NAMES = Object.keys(MUTATIONS) as MutationName[];
/** Numbers are where most is to be found. */
const WEIGHTED: readonly MutationName[] = [
  ...MUTATION_NAMES,
  'number',
  'number',
  'number',
  'number',
  'repeat',
];

function hostileNumber(old: bigint, { bytes }: Field, fileBytes: number, dice: Dice): bigint {
  const all = (1n << BigInt(8 * bytes)) - 1n;
  const one = BigInt(1 + dice.below(16));
  const file = BigInt(fileBytes);
  const choices = [
    ...[0n, 1n, 2n, BigInt(dice.below(64)), all, all - one, all >> 1n, (all >> 1n) + 1n],
    ...[old + one, old - one, old * 2n, old >> 1n, old ^ (1n << BigInt(dice.below(8 * bytes))), -old],
    ...[
      file,
      file - one,
      file * one,
      BigInt(dice.word()),
      (BigInt(dice.word()) << 32n) | BigInt(dice.word()),
    ],
    ...[1n << BigInt(dice.below(8 * bytes)), 65_535n, 65_536n, 0x7fff_fff0n, 1_536_000n],
  ];
  return dice.pick(choices);
}

/** More often in front, where headers are. */
function position(bytes: Buffer, dice: Dice): number {
  return dice.below(dice.thousandth(600) ? Math.min(bytes.length, 512) : bytes.length);
}

function pieceOf(bytes: Buffer, { pieces }: Shape, dice: Dice): Piece {
  const there = pieces.filter(({ at, end }) => at <= end && end <= bytes.length);
  if (there.length > 0 && dice.thousandth(850)) return dice.pick(there);
  const at = dice.below(bytes.length + 1);
  return { at, end: Math.min(bytes.length, at + dice.length(8192)) };
}

/** Other bytes in place of some; mostly the lengths of what they lie in go with it. */
function replaced(bytes: Buffer, { pieces }: Shape, at: number, end: number, by: Buffer, dice: Dice): Buffer {
  const grown = by.length - (end - at);
  if (dice.thousandth(800)) {
    for (const { at: begin, end: last, length } of pieces) {
      const around = length !== undefined && begin < at && end <= last && length.at + length.bytes <= at;
      if (around && fits(length, bytes)) write(bytes, length, read(bytes, length) + BigInt(grown));
    }
  }
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(end)]);
}

function id3(dice: Dice): Buffer {
  const frames = Array.from({ length: dice.pick([0, 1, 30, 3000]) }, (_, i) => {
    const body = Buffer.from(`\0${dice.pick(['name', `name${i}`])}\0value`, 'latin1');
    const head = Buffer.from('TXXX\0\0\0\0\0\0', 'latin1');
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body]);
  });
  const body = Buffer.concat(frames);
  const head = Buffer.from(
    `ID3${dice.pick(['\x02', '\x03', '\x04'])}\0${dice.pick(['\0', '\x80', '\x40'])}`,
    'latin1',
  );
  const length = Buffer.from([21, 14, 7, 0].map((bits) => (body.length >> bits) & 127));
  return Buffer.concat([head, length, body]);
}

function apeTag(dice: Dice): Buffer {
  const item = Buffer.from('\x05\0\0\0\0\0\0\0name\0value', 'latin1');
  const items = Buffer.concat(Array.from({ length: dice.pick([1, 10, 2000]) }, () => item));
  const foot = Buffer.alloc(32);
  foot.write('APETAGEX');
  foot.writeUInt32LE(2000, 8);
  foot.writeUInt32LE(dice.pick([items.length + 32, 0, 0xffff_ffff]), 12);
  foot.writeUInt32LE(dice.pick([1, 2000, 0xffff_ffff]), 16);
  return Buffer.concat([items, foot]);
}

function id3v1(): Buffer {
  const tag = Buffer.alloc(128);
  tag.write('TAGa title');
  return tag;
}
