/** A list of names of files: a line each, or each ended by NUL. Names are bytes. Pure. */
import { pathFromBytes } from '../files/byte-paths.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Names without the empty ones. A line may end with CR LF, as lists of Windows do, and the list begin with a
 * byte order mark; between NULs every byte is part of a name.
 * @returns null where a line holds a NUL, which no name does: the list is one whose names end with it
 */
export function namesIn(list: Buffer, separator: 'line' | 'nul'): string[] | null {
  if (separator === 'line' && list.includes(0)) return null;
  const names: string[] = [];
  const marked = separator === 'line' && list.subarray(0, 3).equals(BYTE_ORDER_MARK);
  for (let at = marked ? 3 : 0; at < list.length; ) {
    const found = list.indexOf(separator === 'line' ? LINE_FEED : 0, at);
    const end = found < 0 ? list.length : found;
    const returns = separator === 'line' && end > at && list[end - 1] === CARRIAGE_RETURN;
    const name = list.subarray(at, returns ? end - 1 : end);
    if (name.length > 0) names.push(pathFromBytes(name));
    at = end + 1;
  }
  return names;
}
