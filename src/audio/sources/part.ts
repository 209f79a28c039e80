/** A run of a source's bytes as a source by itself: nobody who reads it sees what lies before or behind. */
import type { Source } from './source.ts';

/** @param whole stays with whoever opened it, and is open for as long as the part is read */
export function partOf(whole: Source, start: number, end: number): Source {
  return {
    name: whole.name,
    size: end - start,
    bytes: bytesOf(whole, start, end),
    read: (target, position) =>
      whole.read(target.subarray(0, Math.max(0, end - start - position)), start + position),
    change: () => whole.change(),
    [Symbol.dispose]() {},
  };
}

function bytesOf({ bytes }: Source, start: number, end: number): Source['bytes'] {
  if (bytes.kind === 'memory') return bytes;
  const offset = bytes.part?.start ?? 0;
  return { ...bytes, part: { start: offset + start, end: offset + end } };
}
