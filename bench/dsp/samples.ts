/** Recordings as plain samples, so that the codec, which is the same for all, does not hide what is asked. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Block, blockBytes, openDecoder } from '../../src/audio/index.ts';
import { MiB } from '../../src/bytes.ts';
import { allocating } from '../jobs/pool-stand-in.ts';
import type { Recording } from '../recordings.ts';

export interface Samples {
  readonly file: string;
  readonly count: number;
}

/** Writes the first channel of each recording as Float32 without a header. */
export function decodeAll(recordings: readonly Recording[], folder: string): Samples[] {
  return recordings.map(({ file: recording }, at) => {
    const file = join(folder, `${at}.f32`);
    return { file, count: decode(recording, file) };
  });
}

function decode(recording: string, file: string): number {
  const decoder = openDecoder(recording);
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
