/** What the fuzzer knows of a file: where its numbers and its pieces lie. */

/** A whole number in a file. */
export interface Field {
  readonly at: number;
  /** 1 to 8. */
  readonly bytes: number;
  readonly order: 'little' | 'big' | 'seven bits';
}

/** What can be taken out, doubled or moved as one: a chunk, a box, a page, a frame. */
export interface Piece {
  readonly at: number;
  readonly end: number;
  /** Says how long the piece is, or what is in it: corrected when bytes come or go inside. */
  readonly length?: Field;
}

export interface Shape {
  readonly fields: Field[];
  readonly pieces: Piece[];
  /** Makes checksums right again. */
  readonly seal?: (bytes: Buffer) => void;
}

export function shape(): Shape {
  return { fields: [], pieces: [] };
}

export function little(at: number, bytes: number): Field {
  return { at, bytes, order: 'little' };
}

export function big(at: number, bytes: number): Field {
  return { at, bytes, order: 'big' };
}

/** Numbers one behind the other. */
export function row(order: Field['order'], at: number, ...sizes: number[]): Field[] {
  let next = at;
  return sizes.map((bytes) => {
    const field = { at: next, bytes, order };
    next += bytes;
    return field;
  });
}

/** A stretch of which nothing is known but that numbers lie in it. */
export function unknown(order: Field['order'], from: number, end: number, bytes: number): Field[] {
  return row(
    order,
    from,
    ...Array.from({ length: Math.max(0, Math.floor((end - from) / bytes)) }, () => bytes),
  );
}

export function fits({ at, bytes }: Field, { length }: Buffer): boolean {
  return at >= 0 && at + bytes <= length;
}

export function read(bytes: Buffer, field: Field): bigint {
  const part = bytes.subarray(field.at, field.at + field.bytes);
  const digits = field.order === 'little' ? Buffer.from(part).reverse() : part;
  const shift = field.order === 'seven bits' ? 7n : 8n;
  return digits.reduce((sum, digit) => (sum << shift) | BigInt(digit), 0n);
}

/** What does not fit loses its upper bits. */
export function write(bytes: Buffer, field: Field, value: bigint): void {
  const seven = field.order === 'seven bits';
  let rest = BigInt.asUintN(64, value);
  for (let i = 0; i < field.bytes; i++) {
    const at = field.order === 'little' ? field.at + i : field.at + field.bytes - 1 - i;
    bytes[at] = Number(rest & (seven ? 0x7fn : 0xffn));
    rest >>= seven ? 7n : 8n;
  }
}
