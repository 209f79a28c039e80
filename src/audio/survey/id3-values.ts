/**
 * Several values of one TXXX frame of ID3, which are common: FFmpeg frees the frame's name with the first and
 * goes on with it, so that whatever lies in its memory by then becomes a tag. They are shown to it as one
 * value, joined as it joins those of other frames.
 */
import type { TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const MOST_MENDED = 65_536;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const UTF16 = 1;
const UTF16_BIG = 2;

interface Values {
  /** Position of the first value. */
  readonly at: number;
  /** Behind the frame. */
  readonly end: number;
  readonly encoding: number;
}

/** Joins the values from a position on, in what FFmpeg gets to see. */
export function joinValues(window: Window, { at, end, encoding }: Values, work: TagWork): void {
  const wide = encoding === UTF16 || encoding === UTF16_BIG;
  for (let from = at; ; ) {
    const zero = wide ? wideZero(window, from, end) : from + window.untilZero(from, end - from);
    const next = zero + (wide ? 2 : 1);
    // FFmpeg ends at an empty one.
    if (zero === from || next >= end || isEmpty(window, next, end, encoding)) return;
    if (window.mended === null || window.mended.size > MOST_MENDED) {
      work.giveUp('one has several values');
      return;
    }
    if (!wide) window.mended.set(zero, SEMICOLON);
    else joinWide(window, window.mended, { from, zero, encoding });
    from = next;
  }
}

/** The mark of the order of bytes, which each value may have, becomes a space. */
function joinWide(
  window: Window,
  mended: Map<number, number>,
  { from, zero, encoding }: { from: number; zero: number; encoding: number },
): void {
  const big = encoding === UTF16_BIG || window.view(from, 1)[0] === 0xfe;
  const set = (at: number, letter: number) => {
    mended.set(at, big ? 0 : letter);
    mended.set(at + 1, big ? letter : 0);
  };
  set(zero, SEMICOLON);
  const mark = window.view(zero + 2, 2);
  if (encoding === UTF16 && mark.length === 2 && isMark(mark)) set(zero + 2, SPACE);
}

function isMark(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

function isEmpty(window: Window, at: number, end: number, encoding: number): boolean {
  if (encoding !== UTF16 && encoding !== UTF16_BIG) return window.view(at, 1)[0] === 0;
  const first = window.view(at, 4);
  const text = encoding === UTF16 && first.length >= 2 && isMark(first) ? 2 : 0;
  return at + text + 2 > end || (first[text] === 0 && first[text + 1] === 0);
}

/** Position of the next two bytes of zero, on an even distance; the end where there are none. */
export function wideZero(window: Window, from: number, end: number): number {
  for (let at = from; at + 1 < end; ) {
    const view = window.view(at, Math.min(4096, end - at));
    if (view.length < 2) break;
    for (let i = 0; i + 1 < view.length; i += 2) if (view[i] === 0 && view[i + 1] === 0) return at + i;
    at += view.length - (view.length % 2);
  }
  return end;
}
