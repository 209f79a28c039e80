/** A task that keeps its thread for a time. */
import { defineJob } from 'millpond/worker';

export default defineJob((milliseconds: number): void => {
  const endMs = performance.now() + milliseconds;
  while (performance.now() < endMs);
});
