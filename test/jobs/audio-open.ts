/** A job that has audio in leases open, and comes to an end of some kind. */
import { openDecoder } from '../../src/audio/index.ts';
import { defineJob } from '../../src/worker.ts';

interface Order {
  readonly bytes: Uint8Array;
  readonly ends: 'well' | 'leaving it open' | 'by process.exit' | 'by an error' | 'by a full heap';
}

export default defineJob(async ({ bytes, ends }: Order, { pool }): Promise<number> => {
  const lease = pool.acquire(bytes.length);
  lease.bytes.set(bytes);
  const decoder = openDecoder({ leases: [lease] });
  if (ends === 'by process.exit') process.exit(7);
  if (ends === 'by an error') {
    await new Promise(() => {
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
    });
  }
  if (ends === 'by a full heap') {
    // Small pieces: a large one may end the whole process before V8 comes to end the thread.
    for (let all = {}; ; ) all = { all };
  }
  if (ends === 'well') decoder.close();
  return decoder.info.sampleRate;
});
