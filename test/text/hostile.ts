/** Names as an enemy would choose them, and what must not be left of them. */
import fc from 'fast-check';

const PARTS = [
  ...['\u001b[31m', '\u001b]0;title\u0007', '\u009b2J', '\u009d0;title\u009c', '\u001b[2K\u001b[1A'],
  ...['\0', '\b', '\t', '\n', '\r\n', '\v', '\f', '\u001f', '\u007f', '\u0080', '\u0085', '\u009f'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
  ...['\u2066', '\u2067', '\u2068', '\u2069', '\u2028', '\u2029'],
  ...['\ud800', '\udbff', '\udc00', '\udfff', 'a', 'größe 音', '\u{1f3b9}', "'", '"', '\\', '..', '/', ' '],
];

export const hostileText = fc
  .array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 40 })
  .map((parts) => parts.join(''));

/** By number, so that it does not lean on what it checks. */
const BIDI = [0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e];

/** Code points that a terminal obeys, that turn text around, or that are half a character. Empty is good. */
export function unsafeIn(text: string): number[] {
  return Array.from(text, (one) => one.codePointAt(0) as number).filter(
    (code) =>
      code < 0x20 ||
      (code >= 0x7f && code <= 0x9f) ||
      BIDI.includes(code) ||
      (code >= 0x2066 && code <= 0x2069) ||
      (code >= 0xd800 && code <= 0xdfff),
  );
}

/** The same of a text that has lines of its own. */
export function unsafeInLines(text: string): number[] {
  return unsafeIn(text.replaceAll('\n', ''));
}
