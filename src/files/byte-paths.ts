/**
 * Paths whose bytes are no UTF-8, which Linux allows. A path is text everywhere; a byte that is part of no
 * character stands in it as one of U+DC80 to U+DCFF, half a surrogate pair, which no character uses: so two
 * different names are never one text, and the bytes come back (PEP 383). Messages show it escaped, `\udcff`,
 * and JSON has it so. Pure, but for the folder that the process is in.
 */
import { isUtf8 } from 'node:buffer';
import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';

const BYTE = 0xdc00;
/** Not the second halves of pairs, which are characters together. */
const BYTES = /[\u{dc80}-\u{dcff}]/u;
const BYTES_APART = /([\u{dc80}-\u{dcff}])/u;

/** The text of a path that is given as bytes, for whatever here takes a path. */
export function pathFromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString();
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const character = buffer.subarray(at, at + lengthOf(buffer[at]));
    if (isUtf8(character)) text += character.toString();
    else text += String.fromCharCode(BYTE + buffer[at]);
    at += isUtf8(character) ? character.length : 1;
  }
  return text;
}

/** What Node's functions take for a path: its bytes where text would lose some. */
export function systemPath(path: string): string | Buffer {
  if (process.platform === 'win32' || !BYTES.test(path)) return path;
  return Buffer.concat(
    path
      .split(BYTES_APART)
      .map((part) => (BYTES.test(part) ? Buffer.of(part.charCodeAt(0) - BYTE) : Buffer.from(part))),
  );
}

/** As Node's `resolve`, also from a folder whose name is no UTF-8. */
export function absolutePath(path: string): string {
  return resolve(workingFolder(), path);
}

function workingFolder(): string {
  const folder = process.cwd();
  if (!folder.includes('\uFFFD')) return folder;
  try {
    return pathFromBytes(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }));
  } catch {
    return folder;
  }
}

/** Bytes of the character that begins with this one. */
function lengthOf(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
