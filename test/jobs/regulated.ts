import type { TranscodeRequest } from '../../src/audio/plan/request.ts';
import { transcode } from '../../src/audio/transcode.ts';
import { defineJob } from '../../src/worker.ts';

type Order =
  | { do: 'transcode'; request: TranscodeRequest }
  /** Leaves so many buffers idle. */
  | { do: 'hoard'; bytes: number; count: number }
  /** Holds them until the flag is raised. */
  | { do: 'hold'; bytes: number; count: number; words: Int32Array };

/** What the blocks of a file were like. */
export interface Blocks {
  readonly sizes: number[];
  /** Milliseconds that the longest lasted. */
  readonly longestMs: number;
  /** A block of the advised size would have lasted longer than allowed. */
  readonly capped: boolean;
}

export default defineJob((order: Order, context): Blocks | null => {
  if (order.do !== 'transcode') {
    const leases = context.pool.acquireAll(Array.from({ length: order.count }, () => order.bytes));
    if (order.do === 'hold') Atomics.wait(order.words, 0, 0, 120_000);
    for (const lease of leases) lease.release();
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
