/**
 * Untrusted text, such as the name of a file, on its way to people. It must not control the
 * terminal, begin a line of its own or change the direction of writing. Messages escape what they quote where
 * they are made; what comes from elsewhere is escaped where it is printed. Escaping twice does no harm. Pure.
 */
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** Controls, marks of direction, ends of lines and paragraphs, halves of characters. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;
const UNSAFE_BUT_LINE_FEED = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** On one line: `a\u001b[31m`. */
export function escaped(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** Of texts that have lines of their own, with what is quoted in them escaped already. */
export function escapedLines(text: string): string {
  return text.replace(UNSAFE_BUT_LINE_FEED, visible);
}

/**
 * JSON of the same value, a text in double quotes, fit for a terminal: what is escaped stands in strings,
 * where JSON allows it.
 */
export function jsonText(value: unknown): string {
  return escaped(JSON.stringify(value) ?? String(value));
}

/** A file's name in messages: the shorter of two plain paths. */
export function shown(path: string): string {
  const near = relative('', path);
  return escaped(near !== '' && !near.startsWith('..') ? near : path);
}

/** At most so many characters, and a mark where some were left out. No character is cut in two. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function visible(one: string): string {
  return `\\u${hexCode(one)}`;
}

/** The code of a character as escapes have it: hex, four digits or more. */
/** A value that was given where another is taken, on one line; at most so many characters of it. */
export function shownValue(value: unknown, most = 100): string {
  return shortened(escaped(inspect(value, { depth: 0, breakLength: Infinity })), most);
}

export function hexCode(character: string): string {
  return (character.codePointAt(0) as number).toString(16).padStart(4, '0');
}
