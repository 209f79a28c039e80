/** Boxes of MP4, one behind another and one inside another. */
import type { Window } from '../../survey/window.ts';

const HEAD_BYTES = 8;
const LARGE_HEAD_BYTES = 16;
/** In one box; each takes 1 us. */
const MOST_BOXES = 16_384;

/** A stretch in which boxes lie. */
export interface Stretch {
  readonly body: number;
  readonly end: number;
}

export interface Box extends Stretch {
  /** A character for each of its four bytes. */
  readonly type: string;
}

/** Up to one that goes nowhere, or beyond the stretch; but the last one of a file may be cut off. */
export function* boxesIn(window: Window, { body, end }: Stretch): Generator<Box> {
  for (let at = body, count = 0; at + HEAD_BYTES <= end && count < MOST_BOXES; count++) {
    const head = window.view(at, LARGE_HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    const type = head.toString('latin1', 4, HEAD_BYTES);
    const claimed = head.readUInt32BE(0);
    const large = claimed === 1 && head.length >= LARGE_HEAD_BYTES;
    const size = large ? Number(head.readBigUInt64BE(HEAD_BYTES)) : claimed === 0 ? end - at : claimed;
    const headBytes = large ? LARGE_HEAD_BYTES : HEAD_BYTES;
    if (size < headBytes || at + size > end) return;
    yield { type, body: at + headBytes, end: at + size };
    at += size;
  }
}

/** The first one of a type; `null` where there is none. */
export function childOf(window: Window, within: Stretch, type: string): Box | null {
  for (const box of boxesIn(window, within)) if (box.type === type) return box;
  return null;
}

/** 0 where it is not there. */
export function numberAt(window: Window, at: number, bytes: number): number {
  const view = window.view(at, bytes);
  return view.length < bytes ? 0 : view.readUIntBE(0, bytes);
}
