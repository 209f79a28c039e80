/**
 * The ID3 tags between the frames of AAC that comes as a stream: counted before FFmpeg gets them, as those of
 * a file are before it is opened. Owns how far it has looked.
 * Invariant: FFmpeg gets no byte of a tag that was not counted whole.
 */
import type { Source, StreamBytes } from '../sources/source.ts';
import { countId3 } from './id3v2.ts';
import { overladen } from './overladen.ts';
import { TagList, TagWork } from './tag-work.ts';
import { Window } from './window.ts';

const MARK = Buffer.from('ID3');
/** Looked through at once. */
const PIECE_BYTES = 65_536;

/**
 * What is no stream is given back as it is.
 * @param start of the frames, behind tags in front
 */
export function countedInPassing(source: Source, start: number): Source {
  if (source.bytes.kind !== 'stream') return source;
  const bytes = new Passing(source, source.bytes, start);
  return {
    name: source.name,
    size: source.size,
    get end() {
      return source.end;
    },
    bytes,
    read: (target, position) => source.read(target, position),
    change: () => source.change(),
    [Symbol.dispose]() {},
  };
}

class Passing implements StreamBytes {
  readonly kind = 'stream';
  readonly #source: Source;
  readonly #bytes: StreamBytes;
  readonly #window: Window;
  readonly #work = new TagWork();
  readonly #list = new TagList(this.#work);
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #taken = 0;
  #counted: number;

  constructor(source: Source, bytes: StreamBytes, start: number) {
    this.#source = source;
    this.#bytes = bytes;
    this.#window = new Window(source);
    this.#counted = start;
  }

  ready(): number {
    if (this.#counted <= this.#taken) this.#count(this.#bytes.ready());
    return this.#counted;
  }

  next(target: Uint8Array): number {
    const ready = this.ready();
    const length = this.#bytes.next(target.subarray(0, ready - this.#taken));
    this.#taken += length;
    return length;
  }

  #count(have: number): void {
    const from = this.#counted;
    const length = this.#source.read(this.#piece.subarray(0, Math.min(PIECE_BYTES, have - from)), from);
    const piece = this.#piece.subarray(0, length);
    for (let at = 0; at < length; at++) {
      at = piece.indexOf(MARK[0], at);
      if (at < 0) break;
      // The mark, and the tag, may go on behind the piece.
      if (this.#window.view(from + at, MARK.length).equals(MARK)) this.#countAt(from + at);
    }
    this.#counted = from + length;
  }

  #countAt(at: number): void {
    countId3(this.#window, at, this.#work, this.#list);
    const { fault } = this.#work;
    if (fault !== null) throw overladen(this.#source.name, fault);
  }
}
