import { type TranscodeRequest, transcode } from '../../src/audio/transcode.ts';
import { defineJob } from '../../src/worker.ts';

export type Order =
  | { do: 'transcode'; request: TranscodeRequest }
  /** Leaves so many buffers idle. */
  | { do: 'hoard'; bytes: number; count: number };

/** What the blocks of a file were like. */
export interface Blocks {
  readonly sizes: number[];
  /** Milliseconds that the longest lasted. */
  readonly longestMs: number;
  /** A block of the advised size would have lasted longer than allowed. */
  readonly capped: boolean;
}

export default defineJob((order: Order, context): Blocks | null => {
  if (order.do === 'hoard') {
    const lengths = Array.from({ length: order.count }, () => order.bytes);
    for (const lease of context.pool.acquireAll(lengths)) lease.release();
    return null;
  }
  const sizes = new Set<number>();
  let longestMs = 0;
  let capped = false;
  transcode(order.request, context, ({ sampleRate, channels }) => (_block, frames) => {
    sizes.add(context.block.bytes);
    longestMs = Math.max(longestMs, (frames / sampleRate) * 1000);
    capped ||= context.block.frames(channels, sampleRate) < context.block.frames(channels);
  });
  return { sizes: [...sizes], longestMs, capped };
});
