/**
 * Tags of Ogg Vorbis and Opus: a packet of comments, which stands second in the stream. FFmpeg's muxer writes
 * one without them, and this one takes its place on the way to the sink. Where it fills another number of
 * pages, all pages behind it get other numbers.
 */
import type { ByteSink } from '../../sinks/sink.ts';
import { type AudioTags, bytesInMemory, type TagBytes } from '../model.ts';
import { headerPages, PAGE_HEAD_BYTES, type Page, pageAt, renumber, sizeOfPages } from './ogg-page.ts';
import { joined } from './pieces.ts';
import { NO_TAG_WRITER, PADDING_BYTES, type TagWriter, type TagWriting } from './tag-writer.ts';
import { chapterComments, commentList, commentsLost, fieldComment, pictureComment } from './xiph.ts';

/** What stands around the list of comments, and how many packets stand in front of the sound. */
interface OggCodec {
  readonly mark: Buffer;
  readonly end: Buffer;
  readonly headers: number;
}

/** With its own end of a packet, and its codebooks behind. */
const VORBIS: OggCodec = { mark: Buffer.from('\x03vorbis', 'latin1'), end: Buffer.from([1]), headers: 3 };
const OPUS: OggCodec = { mark: Buffer.from('OpusTags'), end: Buffer.alloc(0), headers: 2 };

const MOST_SEGMENT_BYTES = 255;

export function oggTags(tags: AudioTags, writing: TagWriting): TagWriter {
  const { to, maker, carries } = writing;
  const { mark, end, headers } = to === 'opus' ? OPUS : VORBIS;
  const comments = [
    ...tags.fields.map(fieldComment),
    ...chapterComments(tags.chapters),
    ...tags.pictures.map(pictureComment),
  ];
  // Zeros: readers take what follows the comments for nothing, in Opus while its first bit is 0.
  const padding = Buffer.alloc(carries ? PADDING_BYTES : 0);
  const packet = joined([mark, commentList({ vendor: maker, comments }), end, padding]);
  return {
    ...NO_TAG_WRITER,
    size: sizeOfPages(packet.size),
    notes: commentsLost(tags, writing),
    through: (plain) => new TaggedOgg(plain, packet, headers),
  };
}

/** Takes what a muxer writes, in order and in whole pages, and passes it on with other comments. */
class TaggedOgg implements ByteSink {
  readonly name: string;
  readonly bytes: ByteSink['bytes'];
  readonly #sink: ByteSink;
  readonly #comments: TagBytes;
  readonly #headers: number;
  /** What is of no whole page yet; until the last header is whole, all. */
  #pending = Buffer.alloc(0);
  #taken = 0;
  #passed = 0;
  /** By how much the numbers of pages rise; `null` until the comments are written. */
  #shift: number | null = null;

  constructor(sink: ByteSink, comments: TagBytes, headers: number) {
    this.name = sink.name;
    this.bytes = { kind: sink.bytes.kind === 'stream' ? 'stream' : 'memory' };
    this.#sink = sink;
    this.#comments = comments;
    this.#headers = headers;
  }

  size(): number {
    return this.#taken;
  }

  write(bytes: Uint8Array, position: number): void {
    if (position !== this.#taken)
      throw new Error(`Ogg is written in order, got ${position} for ${this.#taken}`);
    this.#taken += bytes.length;
    if (this.#shift === 0 && this.#pending.length === 0) {
      this.#pass(bytes);
      return;
    }
    this.#pending = Buffer.concat([this.#pending, bytes]);
    this.#shift ??= this.#begin();
    if (this.#shift !== null) this.#passPages(this.#shift);
  }

  #pass(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#sink.write(bytes, this.#passed);
    this.#passed += bytes.length;
  }

  /** Writes all headers, once they are there. @returns how many pages more they became, then */
  #begin(): number | null {
    const pending = this.#pending;
    const packets: Buffer[] = [];
    const packet: Uint8Array[] = [];
    let at = 0;
    let firstEnd = 0;
    let pages = 0;
    let serial = 0;
    while (packets.length < this.#headers) {
      const page = wholePage(pending, at);
      if (page === null) return null;
      let from = at + PAGE_HEAD_BYTES + page.lacing.length;
      for (const length of page.lacing) {
        packet.push(pending.subarray(from, from + length));
        from += length;
        if (length < MOST_SEGMENT_BYTES) packets.push(Buffer.concat(packet.splice(0)));
      }
      at += page.size;
      if (pages++ === 0) firstEnd = at;
      serial = page.serial;
    }
    this.#pass(pending.subarray(0, firstEnd));
    const headers = [this.#comments, ...packets.slice(2).map(bytesInMemory)];
    let written = 1;
    for (const page of headerPages(headers, serial, written)) {
      this.#pass(page);
      written++;
    }
    this.#pending = pending.subarray(at);
    return written - pages;
  }

  #passPages(shift: number): void {
    const pending = this.#pending;
    let at = 0;
    for (let page = wholePage(pending, at); page !== null; page = wholePage(pending, at)) {
      if (shift !== 0) renumber(pending.subarray(at, at + page.size), page.number + shift);
      at += page.size;
    }
    this.#pass(pending.subarray(0, at));
    this.#pending = pending.subarray(at);
  }
}

function wholePage(bytes: Buffer, at: number): Page | null {
  const page = pageAt(bytes, at);
  return page === null || at + page.size > bytes.length ? null : page;
}
