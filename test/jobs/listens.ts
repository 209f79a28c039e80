import { threadId } from 'node:worker_threads';
import { defineJob } from '../../src/worker.ts';

/** Takes what nobody catches by itself, and tells the test of it. */
let words: Int32Array;

process.on('uncaughtException', () => {
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
});

export default defineJob((order: { words: Int32Array }) => {
  words = order.words;
  setImmediate(() => {
    throw new Error('left behind');
  });
  return threadId;
});
