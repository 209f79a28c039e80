/** Boxes of MP4: a size, a name and what is inside. Pure. */
import type { TagBytes } from '../model.ts';
import { big32 } from './bytes.ts';
import { joined, type Piece } from './pieces.ts';

export const BOX_HEAD_BYTES = 8;

export function box(name: string, ...content: readonly Piece[]): TagBytes {
  const inside = joined(content);
  return joined([Buffer.concat([big32(BOX_HEAD_BYTES + inside.size), Buffer.from(name, 'latin1')]), inside]);
}

/** With a version and flags in front. */
export function fullBox(name: string, flags: number, ...content: readonly Piece[]): TagBytes {
  return box(name, big32(flags), ...content);
}

export interface Box {
  readonly name: string;
  /** Its head begins there. */
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

/** What lies in a box that is in memory, from one place to another. */
export function boxesIn(bytes: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  for (let at = from; at + BOX_HEAD_BYTES <= to; ) {
    const end = at + bytes.readUInt32BE(at);
    if (end < at + BOX_HEAD_BYTES || end > to) break;
    boxes.push({ name: bytes.toString('latin1', at + 4, at + 8), at, body: at + BOX_HEAD_BYTES, end });
    at = end;
  }
  return boxes;
}
