/**
 * Audio files as plain samples, so that the codec, which is the same for all, does not hide what is asked.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Block, blockBytes, openDecoder } from '../../src/audio/index.ts';
import { MiB } from '../../src/bytes.ts';
import type { AudioFile } from '../audio-files.ts';
import { allocating } from '../jobs/pool-stand-in.ts';

export interface Samples {
  readonly file: string;
  readonly count: number;
}

/** Writes the first channel of each audio file as Float32 without a header. */
export function decodeAll(files: readonly AudioFile[], folder: string): Samples[] {
  return files.map(({ file: input }, at) => {
    const file = join(folder, `${at}.f32`);
    return { file, count: decode(input, file) };
  });
}

function decode(input: string, file: string): number {
  const decoder = openDecoder(input);
  const out = openSync(file, 'w');
  try {
    const { channels } = decoder.info;
    const block = new Block(allocating.acquire(blockBytes(MiB, channels)), channels);
    let count = 0;
    for (let frames = decoder.read(block); frames > 0; frames = decoder.read(block)) {
      writeSync(out, block.channel(0), 0, frames * 4);
      count += frames;
    }
    return count;
  } finally {
    closeSync(out);
    decoder.close();
  }
}
