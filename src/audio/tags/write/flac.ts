/**
 * Tags of FLAC: blocks of metadata in front of the sound. The whole head is written here, since FFmpeg's
 * muxer knows fields of one value only; what it says of the sound is complete at the end.
 */
import { formatBytes } from '../../../bytes.ts';
import type { AudioTags, TagBytes, TagField } from '../model.ts';
import { joined, type Piece } from './pieces.ts';
import { NO_TAG_WRITER, type TagWriter, type TagWriting } from './tag-writer.ts';
import { chapterComments, commentList, commentsLost, fieldComment, pictureBlock } from './xiph.ts';

const MARK = Buffer.from('fLaC');
const STREAMINFO = 0;
const PADDING = 1;
const APPLICATION = 2;
const VORBIS_COMMENT = 4;
const CUESHEET = 5;
const PICTURE = 6;
const LAST = 0x80;

const HEAD_BYTES = 4;
const STREAMINFO_BYTES = 34;
/** A length has 24 bits. */
const MOST_BLOCK_BYTES = 0xff_ffff;
/** Of them all: what is left is for chapters. */
const MOST_FIELD_BYTES = MOST_BLOCK_BYTES / 2;
/** For programs that edit tags: without room they would have to write the whole file anew. */
const PADDING_BYTES = 8192;

export function flacTags(tags: AudioTags, writing: TagWriting): TagWriter {
  const { blocks, notes } = blocksOf(tags, writing);
  const headOf = (header: Uint8Array | null) =>
    joined([MARK, blockHead(STREAMINFO, STREAMINFO_BYTES), streamInfo(header), ...blocks]);
  return {
    ...NO_TAG_WRITER,
    size: headOf(null).size,
    notes,
    muxerOptions: { write_header: '0' },
    head: headOf,
    finish(sink, header) {
      // Nobody goes back to the beginning of a stream.
      if (sink.bytes.kind !== 'stream') sink.write(streamInfo(header), MARK.length + HEAD_BYTES);
    },
  };
}

function streamInfo(header: Uint8Array | null): Uint8Array {
  return header?.subarray(0, STREAMINFO_BYTES) ?? new Uint8Array(STREAMINFO_BYTES);
}

function blocksOf(tags: AudioTags, writing: TagWriting): { blocks: Piece[]; notes: string[] } {
  const blocks: Piece[] = [];
  const notes = commentsLost(tags, writing);
  const add = (type: number, body: TagBytes, what: string): void => {
    if (body.size > MOST_BLOCK_BYTES) notes.push(tooLarge(what, body.size));
    else blocks.push(blockHead(type, body.size), body);
  };
  for (const { family, name, bytes } of tags.natives) {
    if (family === 'flac') add(name === 'CUESHEET' ? CUESHEET : APPLICATION, bytes, `Its ${name} block`);
  }
  const { kept, left } = fitting(tags.fields);
  for (const field of left) notes.push(tooLarge(field.key, field.value.length));
  const comments = [...kept.map(fieldComment), ...chapterComments(tags.chapters)];
  add(VORBIS_COMMENT, commentList({ vendor: writing.maker, comments }), 'What its fields say');
  for (const picture of tags.pictures) add(PICTURE, pictureBlock(picture), 'A picture');
  blocks.push(blockHead(PADDING | LAST, PADDING_BYTES), Buffer.alloc(PADDING_BYTES));
  return { blocks, notes };
}

/** All fields, or all but the longest, where together they would not fit. */
function fitting(fields: readonly TagField[]): { kept: readonly TagField[]; left: readonly TagField[] } {
  const sizes = new Map(fields.map((field) => [field, fieldComment(field).length + HEAD_BYTES]));
  let size = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (size <= MOST_FIELD_BYTES) return { kept: fields, left: [] };
  const left = new Set<TagField>();
  for (const [field, bytes] of [...sizes].sort(([, one], [, other]) => other - one)) {
    if (size <= MOST_FIELD_BYTES) break;
    left.add(field);
    size -= bytes;
  }
  return { kept: fields.filter((field) => !left.has(field)), left: [...left] };
}

function blockHead(type: number, size: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = type;
  head.writeUIntBE(size, 1, 3);
  return head;
}

function tooLarge(what: string, bytes: number): string {
  return `${what} was left out: flac holds ${formatBytes(MOST_BLOCK_BYTES)} at the most, got ${formatBytes(bytes)}.`;
}
