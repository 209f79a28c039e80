/** Goes through many bytes of a source, for what may lie anywhere in them. */
import type { Source } from '../sources/source.ts';

/** One scan at a time per thread. */
const bytes = Buffer.allocUnsafeSlow(65_536);

interface Find {
  readonly at: number;
  readonly mark: Buffer;
}

/**
 * Where marks are, in order. To be gone through at once: another scan on this thread spoils it.
 * @param end position behind the last byte that is looked at
 */
export function* scan(source: Source, marks: readonly Buffer[], from: number, end: number): Generator<Find> {
  // A mark may lie across the end of what is read at once.
  const overlap = Math.max(...marks.map((mark) => mark.length)) - 1;
  for (let at = from; at + overlap < end; at += bytes.length - overlap) {
    const wanted = bytes.subarray(0, Math.min(bytes.length, end - at));
    yield* findsIn(wanted.subarray(0, source.read(wanted, at)), marks, at);
  }
}

function findsIn(part: Buffer, marks: readonly Buffer[], at: number): Find[] {
  const finds: Find[] = [];
  for (const mark of marks) {
    for (let i = part.indexOf(mark); i >= 0; i = part.indexOf(mark, i + 1)) finds.push({ at: at + i, mark });
  }
  return finds.sort((a, b) => a.at - b.at);
}
