/** Audio files with tags of a test's own, and what is read of them. */
import { Block } from '../../../src/audio/block.ts';
import { createEncoder } from '../../../src/audio/encode/encoder.ts';
import { openDecoder } from '../../../src/audio/open-decoder.ts';
import { planTarget, type TargetName } from '../../../src/audio/plan/targets.ts';
import { createFileSink } from '../../../src/audio/sinks/file-sink.ts';
import { type AudioTags, bytesInMemory, NO_TAGS, type TagPicture } from '../../../src/audio/tags/model.ts';
import { tagWriterFor } from '../../../src/audio/tags/write/writers.ts';
import { dirtyShard } from '../../stand.ts';

/** The sound of a file in another, with these tags. */
export function tagged(input: string, output: string, to: TargetName, tags: Partial<AudioTags>): string {
  writeTagged(input, output, to, tags);
  return output;
}

/** @returns notes on what has no place in it */
export function writeTagged(
  input: string,
  output: string,
  to: TargetName,
  tags: Partial<AudioTags>,
): readonly string[] {
  using decoder = openDecoder(input);
  const { announcedFrames, sampleRate, channels } = decoder.info;
  const plan = planTarget(decoder.info, { to });
  decoder.configure(plan.kind, plan.sampleRate);
  const durationMs = announcedFrames === null ? null : (announcedFrames * 1000) / sampleRate;
  const tagWriter = tagWriterFor(plan, { ...NO_TAGS, ...tags }, durationMs);
  using sink = createFileSink({ path: output });
  using encoder = createEncoder(sink, { ...plan, tagWriter });
  const block = new Block(dirtyShard().acquire(65_536), channels, plan.kind);
  for (let frames = decoder.read(block); frames > 0; frames = decoder.read(block)) {
    encoder.write(block, frames);
  }
  encoder.finish();
  sink.commit();
  return [...tagWriter.notes, ...tagWriter.endNotes];
}

export function pictureOf(bytes: Buffer, type: number, mime: string, description = ''): TagPicture {
  return { type, mime, description, bytes: bytesInMemory(bytes) };
}

interface FoundPicture extends Omit<TagPicture, 'bytes'> {
  readonly bytes: Buffer;
}

/** Of a file, its pictures in memory. */
export function tagsIn(path: string): Omit<AudioTags, 'pictures'> & { readonly pictures: FoundPicture[] } {
  using decoder = openDecoder(path);
  const { tags } = decoder.info;
  const pictures = tags.pictures.map((picture) => {
    const bytes = Buffer.alloc(picture.bytes.size);
    picture.bytes.read(bytes, 0);
    return { ...picture, bytes };
  });
  return { ...tags, pictures };
}
