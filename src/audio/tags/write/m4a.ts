/**
 * Tags of M4A. FFmpeg's muxer puts `moov` behind the sound, where it is written anew: nothing of the sound
 * moves, so the places of its samples stay right. Texts of chapters lie between them.
 */
import { MillpondError } from '../../../errors.ts';
import { jsonText } from '../../../text/escaping.ts';
import type { Sink } from '../../sinks/sink.ts';
import type { Source } from '../../sources/source.ts';
import type { AudioTags, TagBytes } from '../model.ts';
import { big32 } from './bytes.ts';
import { endsLost } from './chapter-ends.ts';
import { ilst } from './ilst.ts';
import { BOX_HEAD_BYTES, type Box, box, boxesIn, fullBox } from './mp4-box.ts';
import { chapterTexts, chapterTrack, neroChapters, titlesCut } from './mp4-chapters.ts';
import { joined, writeBytes } from './pieces.ts';
import { NO_TAG_WRITER, type TagWriter, type TagWriting } from './tag-writer.ts';

/** For programs that edit tags; where `moov` is at the end, others can grow it without. */
const PADDING_BYTES = 2048;
/** More than a track of chapters has beside its texts, for each and once. */
const BYTES_A_CHAPTER = 64;
const TRACK_BYTES = 1024;

/** Of the whole, behind a version and flags. */
const TIMESCALE_AT = 12;
const DURATION_AT = 16;
/** In version 1, where the times in front of it have 64 bits, too. */
const LONG_TIMESCALE_AT = 20;
const LONG_DURATION_AT = 24;

export function m4aTags(tags: AudioTags, writing: TagWriting): TagWriter {
  const list = ilst(tags.fields, tags.pictures);
  const padding = writing.carries ? [box('free', Buffer.alloc(PADDING_BYTES - BOX_HEAD_BYTES))] : [];
  const handler = fullBox('hdlr', 0, big32(0), Buffer.from('mdirappl'), Buffer.alloc(9));
  const meta = fullBox('meta', 0, handler, list.ilst, ...padding);
  const { chapters } = tags;
  const data = chapters.length === 0 ? box('udta', meta) : box('udta', meta, neroChapters(chapters));
  const texts = chapterTexts(chapters);
  const inTrack = joined(texts).size + chapters.length * BYTES_A_CHAPTER + TRACK_BYTES;
  return {
    ...NO_TAG_WRITER,
    size: data.size + (chapters.length === 0 ? 0 : inTrack),
    notes: [...list.notes, ...endsLost(tags, writing), ...titlesCut(chapters)],
    finish(sink) {
      const { at, moov } = movieOf(sink);
      if (chapters.length === 0) {
        writeBytes(sink, withTags(moov, data), at);
        return;
      }
      const samples = box('mdat', ...texts);
      const track = { chapters, texts, at: at + BOX_HEAD_BYTES };
      writeBytes(sink, joined([samples, withTags(moov, data, track)]), at);
    },
  };
}

/** What FFmpeg wrote last. */
function movieOf(sink: Sink): { at: number; moov: Buffer } {
  using source = sink.written();
  for (let at = 0; at + BOX_HEAD_BYTES <= source.size; ) {
    const head = bytesOf(source, at, 2 * BOX_HEAD_BYTES);
    const size = head.readUInt32BE();
    const whole = at + size <= source.size;
    if (whole && head.toString('latin1', 4, 8) === 'moov') return { at, moov: bytesOf(source, at, size) };
    // Of more than 4 GiB the size has a place of its own.
    at += size === 1 ? Number(head.readBigUInt64BE(BOX_HEAD_BYTES)) : Math.max(BOX_HEAD_BYTES, size);
  }
  throw lost(sink);
}

interface Chapters {
  readonly chapters: AudioTags['chapters'];
  readonly texts: readonly TagBytes[];
  readonly at: number;
}

function withTags(moov: Buffer, data: TagBytes, track?: Chapters): TagBytes {
  const inside = boxesIn(moov, BOX_HEAD_BYTES, moov.length).filter(({ name }) => name !== 'udta');
  const contentOf = ({ body, end }: Box): Buffer => moov.subarray(body, end);
  const plain = ({ at, end }: Box): Buffer => moov.subarray(at, end);
  const header = inside.find(({ name }) => name === 'mvhd');
  if (track === undefined || header === undefined) return box('moov', ...inside.map(plain), data);
  const numbers = contentOf(header);
  const long = numbers[0] === 1;
  const movieTimescale = numbers.readUInt32BE(long ? LONG_TIMESCALE_AT : TIMESCALE_AT);
  const duration = long
    ? Number(numbers.readBigUInt64BE(LONG_DURATION_AT))
    : numbers.readUInt32BE(DURATION_AT);
  const durationMs = (duration * 1000) / movieTimescale;
  const nextAt = numbers.length - 4;
  const id = numbers.readUInt32BE(nextAt);
  numbers.writeUInt32BE(id + 1, nextAt);
  const reference = box('tref', box('chap', big32(id)));
  const tracks = inside.map((child) =>
    child.name === 'trak' ? box('trak', contentOf(child), reference) : plain(child),
  );
  return box('moov', ...tracks, chapterTrack({ ...track, id, durationMs, movieTimescale }), data);
}

function lost({ name }: Sink): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_VERIFY',
    `An output has what FFmpeg wrote, got ${jsonText(name)}, which lacks its end. Convert it again; where it fails so twice, look at the disk and the memory.`,
  );
}

function bytesOf(source: Source, at: number, size: number): Buffer {
  const bytes = Buffer.alloc(Math.min(size, source.size - at));
  source.read(bytes, at);
  return bytes;
}
