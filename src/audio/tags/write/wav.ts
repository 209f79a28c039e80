/**
 * Tags of WAV: what its own list of them (`INFO`) has names for stands in front of the sound, where all look;
 * everything is in ID3v2 behind it, since that list has one value a field, few fields and no pictures.
 */
import { appendToWav, chunkBytes } from '../../encode/wav-chunks.ts';
import type { AudioTags } from '../model.ts';
import { byName } from './fields.ts';
import { id3 } from './id3.ts';
import { NO_TAG_WRITER, PADDING_BYTES, type TagWriter, type TagWriting } from './tag-writer.ts';

const HEAD_BYTES = 8;
/** A larger file has another header, and then sizes of 64 bits. */
const MOST_BYTES = 0xffff_ffff;
/** As FFmpeg's muxer knows them; others it would leave out. */
const RENAMED: Readonly<Record<string, string>> = { ITRK: 'IPRT' };
const BETWEEN_VALUES = '; ';
const NO_ROOM =
  'Pictures, chapters, several values and other fields than INFO has were left out: with them the wav would be over 4 GiB.';

export function wavTags(tags: AudioTags, { durationMs, carries }: TagWriting): TagWriter {
  const { named, left } = byName(tags.fields, 'riff', () => null);
  const metadata: Record<string, string> = {};
  for (const { name, fields } of named) {
    const [id, part] = name.split('/');
    if (part !== '2') metadata[RENAMED[id] ?? id] = fields.map(({ value }) => value).join(BETWEEN_VALUES);
  }
  const { bytes, notes } = id3(tags, { durationMs, paddingBytes: carries ? PADDING_BYTES : 0 });
  const inexact = named.filter(({ name, fields }) => fields.length > 1 || name.endsWith('/2'));
  const beyond =
    inexact.length + left.length + tags.pictures.length + tags.chapters.length + tags.natives.length;
  const endNotes: string[] = [];
  const behind = carries ? chunkBytes(bytes.size) : 0;
  return {
    ...NO_TAG_WRITER,
    behind,
    streamNotes:
      beyond === 0
        ? []
        : [
            'A stream of wav has no place for pictures, chapters, several values and other fields than INFO has.',
          ],
    size: 2 * (bytes.size + HEAD_BYTES),
    notes,
    endNotes,
    metadata,
    finish(sink) {
      // Behind the sound of a stream nothing can stand, since nobody knows where that ends.
      if (!carries || sink.bytes.kind === 'stream') return;
      if (fits(sink.size(), behind)) appendToWav(sink, [{ id: 'id3 ', content: bytes }]);
      else if (beyond > 0) endNotes.push(NO_ROOM);
    },
  };
}

/** One that is large already has room for all sizes; none becomes so by its tags. */
function fits(written: number, behind: number): boolean {
  return written > MOST_BYTES || written + behind <= MOST_BYTES;
}
