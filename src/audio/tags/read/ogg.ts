/** The tags of Ogg: the packets in front of the sound of its first stream that has any. */
import type { Source } from '../../sources/source.ts';
import type { Window } from '../../survey/window.ts';
import type { TagBytes } from '../model.ts';
import { flacBlock } from './flac.ts';
import type { Gathering } from './gathering.ts';
import { sliceOf } from './tag-window.ts';
import { readComments } from './vorbis.ts';

const HEAD_BYTES = 27;
const SERIAL_AT = 14;
const SEGMENTS_AT = 26;
const MARK_BYTES = 8;
/** A picture of 100 MiB takes less than 2200. */
const MOST_PAGES = 65_536;
const MOST_HEADERS = 4096;

/** What first packets begin with, and the second one before its comments. */
const CODECS: readonly { readonly first: string; readonly second: string }[] = [
  { first: '\x01vorbis', second: '\x03vorbis' },
  { first: 'OpusHead', second: 'OpusTags' },
  { first: 'Speex   ', second: '' },
];
const FLAC = '\x7fFLAC';
const FLAC_BLOCK_HEAD_BYTES = 4;
const LAST = 0x80;

export function readOgg(window: Window, into: Gathering): void {
  let serial: number | null = null;
  let count = 0;
  let second = '';
  for (const packet of packets(window, () => serial)) {
    const head = textOf(packet.bytes, MARK_BYTES);
    if (serial === null) {
      const codec = CODECS.find(({ first }) => head.startsWith(first));
      if (codec === undefined && !head.startsWith(FLAC)) continue;
      serial = packet.serial;
      second = codec?.second ?? FLAC;
    } else if (second === FLAC) {
      const type = head.charCodeAt(0);
      const { size } = packet.bytes;
      flacBlock(
        type & ~LAST,
        sliceOf(packet.bytes, FLAC_BLOCK_HEAD_BYTES, size - FLAC_BLOCK_HEAD_BYTES),
        into,
      );
      if (type >= LAST) return;
      if (++count === MOST_HEADERS) {
        into.note(`Tags were left out: there are over ${MOST_HEADERS} blocks.`);
        return;
      }
    } else {
      if (!head.startsWith(second)) return;
      readComments(sliceOf(packet.bytes, second.length, packet.bytes.size - second.length), into);
      return;
    }
  }
}

interface Packet {
  readonly serial: number;
  readonly bytes: Scattered;
}

/** Whole packets in order: until a stream is chosen, the first one of each. */
function* packets(window: Window, chosen: () => number | null): Generator<Packet> {
  let open: Scattered | null = null;
  for (let at = 0, pages = 0; pages < MOST_PAGES; pages++) {
    const head = window.view(at, HEAD_BYTES + 255);
    if (head.length < HEAD_BYTES || head.toString('latin1', 0, 4) !== 'OggS') return;
    const lacing = Buffer.from(head.subarray(HEAD_BYTES, HEAD_BYTES + head[SEGMENTS_AT]));
    const serial = head.readUInt32LE(SERIAL_AT);
    at += HEAD_BYTES + head[SEGMENTS_AT];
    for (const length of lacing) {
      const wanted = chosen() ?? serial;
      if (wanted === serial) {
        open ??= new Scattered(window.source);
        open.add(at, length);
        if (length < 255) {
          yield { serial, bytes: open };
          open = null;
        }
      }
      at += length;
    }
  }
}

function textOf(bytes: TagBytes, length: number): string {
  const head = Buffer.alloc(length);
  return head.toString('latin1', 0, bytes.read(head, 0));
}

/** A packet of several pages. */
class Scattered implements TagBytes {
  size = 0;
  readonly #source: Source;
  readonly #parts: { readonly start: number; readonly at: number; length: number }[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  add(at: number, length: number): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.at + last.length === at) last.length += length;
    else this.#parts.push({ start: this.size, at, length });
    this.size += length;
  }

  read(target: Uint8Array, position: number): number {
    let done = 0;
    for (let i = this.#indexOf(position); i < this.#parts.length && done < target.length; i++) {
      const { start, at, length } = this.#parts[i];
      const skipped = position + done - start;
      const wanted = target.subarray(done, done + length - skipped);
      const read = this.#source.read(wanted, at + skipped);
      done += read;
      if (read < wanted.length) break;
    }
    return done;
  }

  /** Of the part that holds a position. */
  #indexOf(position: number): number {
    let [low, high] = [0, this.#parts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { start, length } = this.#parts[middle];
      if (start + length <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
