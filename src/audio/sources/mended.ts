/**
 * A source in which some bytes are others: it is read by callbacks, since FFmpeg must not see the real ones.
 */
import { isStream, type Source, type StreamBytes } from './source.ts';

/**
 * @param bytes by their positions
 * @param whole stays with whoever opened it
 */
export function mended(whole: Source, bytes: ReadonlyMap<number, number>): Source {
  if (bytes.size === 0) return whole;
  const positions = [...bytes.keys()].sort((one, other) => one - other);
  const correct = (target: Uint8Array, position: number, length: number): number => {
    for (let i = firstFrom(positions, position); positions[i] < position + length; i++) {
      target[positions[i] - position] = bytes.get(positions[i]) as number;
    }
    return length;
  };
  return {
    name: whole.name,
    size: whole.size,
    get end() {
      return whole.end;
    },
    bytes:
      whole.bytes.kind === 'stream' && isStream(whole)
        ? new MendedStream(whole.bytes, correct)
        : { kind: 'memory' },
    read: (target, position) => correct(target, position, whole.read(target, position)),
    change: () => whole.change(),
    ...(whole.lacksEnd !== undefined && { lacksEnd: () => whole.lacksEnd?.() ?? false }),
    [Symbol.dispose]() {},
  };
}

type Correct = (target: Uint8Array, position: number, length: number) => number;

/** Owns how far it is. */
class MendedStream implements StreamBytes {
  readonly kind = 'stream';
  readonly #whole: StreamBytes;
  readonly #correct: Correct;
  #at = 0;

  constructor(whole: StreamBytes, correct: Correct) {
    this.#whole = whole;
    this.#correct = correct;
  }

  ready(): number {
    return this.#whole.ready();
  }

  next(target: Uint8Array): number {
    const length = this.#correct(target, this.#at, this.#whole.next(target));
    this.#at += length;
    return length;
  }
}

/** Of rising numbers the first that is not below another: its index. */
function firstFrom(positions: readonly number[], from: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (positions[middle] < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
