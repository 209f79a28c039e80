/** The transfer benchmark's peers: a plain worker thread that makes or takes blocks. */
import { parentPort } from 'node:worker_threads';

export type Order =
  | { readonly kind: 'make'; readonly blocks: number; readonly bytes: number; readonly transfer: boolean }
  | { readonly kind: 'take'; readonly blocks: ArrayBuffer[]; readonly transfer: boolean }
  /** Blocks that come home to the thread that made them. */
  | { readonly kind: 'keep'; readonly blocks: ArrayBuffer[] };

export interface Report {
  readonly atNs: number;
  readonly sum: number;
  readonly blocks: ArrayBuffer[];
}

const nowNs = (): number => Number(process.hrtime.bigint());
let kept: ArrayBuffer[] = [];

parentPort!.on('message', (order: Order) => {
  const atNs = nowNs();
  if (order.kind === 'keep') {
    kept = order.blocks;
    return;
  }
  if (order.kind === 'take') {
    const sum = order.blocks.reduce((sum, block, at) => sum + new Float32Array(block)[at], 0);
    report({ atNs, sum, blocks: order.transfer ? order.blocks : [] });
    return;
  }
  const blocks =
    kept.length > 0 ? kept : Array.from({ length: order.blocks }, () => new ArrayBuffer(order.bytes));
  blocks.forEach((block, at) => {
    new Float32Array(block)[at] = at + 1;
  });
  // What is copied stays here, and is there for the next time.
  kept = order.transfer ? [] : blocks;
  report({ atNs: nowNs(), sum: 0, blocks }, order.transfer);
});

function report(answer: Report, transfer = true): void {
  parentPort!.postMessage(answer, transfer ? answer.blocks : []);
}
