/** What the transfer benchmark asks of its two workers. */
import { threadId } from 'node:worker_threads';
import { defineJob, type Lease } from 'millpond/worker';

type Gate = Int32Array<SharedArrayBuffer>;

export type Request =
  /** Makes blocks, and hands them over when the gate opens. */
  | { readonly kind: 'make'; readonly blocks: number; readonly bytes: number; readonly gate: Gate }
  | { readonly kind: 'take'; readonly blocks: readonly Lease[] }
  /**
   * Takes and gives back so many blocks, which are idle in this worker afterwards, whoever had them before.
   */
  | { readonly kind: 'gather'; readonly blocks: number; readonly bytes: number }
  /** Keeps the worker from other tasks until the gate opens, with its event loop running. */
  | { readonly kind: 'hold'; readonly gate: Gate };

export interface Made {
  readonly blocks: Lease[];
  readonly atNs: number;
  readonly thread: number;
}
export interface Taken {
  readonly atNs: number;
  readonly sum: number;
  readonly thread: number;
}
export interface Gathered {
  readonly nanoseconds: number;
  readonly thread: number;
}

/** Nanoseconds of a clock that all threads share. */
const nowNs = (): number => Number(process.hrtime.bigint());

export default defineJob((request: Request, { pool }): unknown => {
  switch (request.kind) {
    case 'make': {
      const blocks = pool.acquireAll(Array.from({ length: request.blocks }, () => request.bytes));
      blocks.forEach((block, at) => {
        block.float32[at] = at + 1;
      });
      Atomics.wait(request.gate, 0, 0);
      return { blocks, atNs: nowNs(), thread: threadId } satisfies Made;
    }
    case 'take': {
      const atNs = nowNs();
      const sum = request.blocks.reduce((sum, block, at) => sum + block.float32[at], 0);
      return { atNs, sum, thread: threadId } satisfies Taken;
    }
    case 'gather': {
      const startNs = nowNs();
      const blocks = pool.acquireAll(Array.from({ length: request.blocks }, () => request.bytes));
      const nanoseconds = nowNs() - startNs;
      for (const block of blocks) block.release();
      return { nanoseconds, thread: threadId } satisfies Gathered;
    }
    case 'hold':
      return hold(request.gate);
  }
});

async function hold(gate: Gate): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  const wait = Atomics.waitAsync(gate, 0, 0);
  if (wait.async) await wait.value;
  clearInterval(alive);
}
