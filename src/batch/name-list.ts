/** A list of names of files: a line each, or each ended by NUL. Names are bytes. Pure. */
import { pathFromBytes } from '../files/byte-paths.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** No system takes more for a path; what goes on without an end is no list. */
const MOST_NAME_BYTES = 65_536;

/** Something is read as a list that is none; the message says how one looks. */
export class NotNames extends Error {}

/**
 * Names without the empty ones, those of a piece together. A line may end with CR LF, as lists of Windows do,
 * and the list begin with a byte order mark; between NULs every byte is part of a name.
 * @throws NotNames where a line holds a NUL, which no name does: the list is one whose names end with it
 */
export async function* namesIn(
  pieces: AsyncIterable<Buffer>,
  separator: 'line' | 'nul',
): AsyncGenerator<readonly string[]> {
  let rest = Buffer.alloc(0);
  let isStart = separator === 'line';
  for await (const piece of pieces) {
    let bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    if (isStart && bytes.length >= BYTE_ORDER_MARK.length) {
      isStart = false;
      if (bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) {
        bytes = bytes.subarray(BYTE_ORDER_MARK.length);
      }
    }
    const end = bytes.lastIndexOf(separator === 'line' ? LINE_FEED : 0) + 1;
    const names = wholeNames(bytes.subarray(0, end), separator);
    if (names.length > 0) yield names;
    rest = Buffer.from(bytes.subarray(end));
    if (rest.length > MOST_NAME_BYTES) throw new NotNames('a name in it has no end. Check what wrote it.');
  }
  if (isStart && rest.equals(BYTE_ORDER_MARK)) return;
  const last = wholeNames(rest, separator);
  if (last.length > 0) yield last;
}

function wholeNames(list: Buffer, separator: 'line' | 'nul'): string[] {
  if (separator === 'line' && list.includes(0)) {
    throw new NotNames(
      'a line of it holds a NUL, and no name does. Write -0 for names that end with NUL, or save the list as UTF-8.',
    );
  }
  const names: string[] = [];
  for (let at = 0; at < list.length; ) {
    const found = list.indexOf(separator === 'line' ? LINE_FEED : 0, at);
    const end = found < 0 ? list.length : found;
    const returns = separator === 'line' && end > at && list[end - 1] === CARRIAGE_RETURN;
    const name = list.subarray(at, returns ? end - 1 : end);
    if (name.length > 0) names.push(pathFromBytes(name));
    at = end + 1;
  }
  return names;
}
