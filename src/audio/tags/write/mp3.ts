/** Tags of MP3: ID3v2 in front of the sound. */
import type { AudioTags } from '../model.ts';
import { id3 } from './id3.ts';
import { NO_TAG_WRITER, PADDING_BYTES, type TagWriter, type TagWriting } from './tag-writer.ts';

export function mp3Tags(tags: AudioTags, { durationMs, carries }: TagWriting): TagWriter {
  const { bytes, notes } = id3(tags, { durationMs, paddingBytes: carries ? PADDING_BYTES : 0 });
  return {
    ...NO_TAG_WRITER,
    size: bytes.size,
    notes,
    muxerOptions: { id3v2_version: '0' },
    head: () => bytes,
  };
}
