import { subscribe } from 'node:diagnostics_channel';
import { defineJob } from 'millpond/worker';

const heard: unknown[] = [];
subscribe('millpond:acquire-slow-path', (message) => void heard.push(message));

/** Takes memory and gives it back, twice; what this thread heard of its slow paths. */
export default defineJob((bytes: number, { pool }) => {
  for (let turn = 0; turn < 2; turn++) pool.acquire(bytes).release();
  return heard;
});
