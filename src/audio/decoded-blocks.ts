/** The work on one audio file: decoded block by block, each reported when it is done. Holds nothing. */
import type { Block } from './block.ts';
import { type BlockShape, type BlockSources, withBlocks } from './blocks.ts';
import type { Decoder } from './decode/decoder.ts';

/** What work on an audio file needs of its task. A job passes its own context. */
export interface AudioJobContext extends BlockSources {
  /** Gets 0 to 1 after each block, as far as the container announces its length. */
  readonly progress?: (fraction: number) => void;
  /** @internal Gets the milliseconds that went into kernels and encoder, piece by piece. */
  readonly encoded?: (ms: number) => void;
}

/** A context for a part of the work: its progress goes from one fraction of the whole to another. */
export function stretchOf(context: AudioJobContext, from: number, to: number): AudioJobContext {
  const { progress } = context;
  if (progress === undefined) return context;
  const { pool, signal, block, encoded } = context;
  const within = (fraction: number): void => progress(from + (to - from) * fraction);
  return { pool, signal, block, progress: within, ...(encoded && { encoded }) };
}

/**
 * Decodes a file to its end.
 * @param work gets each block with the frames in it; returns the bytes of samples that it worked on
 */
export function decodeBlocks(
  decoder: Decoder,
  shape: BlockShape,
  context: AudioJobContext,
  work: (block: Block, frames: number) => number,
): void {
  const { announcedFrames } = decoder.info;
  withBlocks(shape, context, (block) => {
    const frames = decoder.read(block);
    if (frames === 0) return false;
    const bytes = work(block, frames);
    context.block.processed?.(bytes);
    if (context.progress && announcedFrames) {
      context.progress(Math.min(1, decoder.decodedFrames / announcedFrames));
    }
    return true;
  });
}
