/** Makes spooled files, and returns them, forgets them, or dies with them. */
import { createSpool } from '../../src/files/spool.ts';
import { defineJob } from '../../src/worker.ts';

interface Order {
  readonly do: 'return' | 'twice' | 'forget' | 'throw' | 'exit' | 'exit-later' | 'closed' | 'wait';
  readonly bytes: number;
  readonly words?: Int32Array;
}

export default defineJob((order: Order, { pool, signal }): unknown => {
  const spool = createSpool(pool.spoolFolder);
  for (let at = 0; at < order.bytes; at += 65_536) {
    spool.write(new Uint8Array(Math.min(65_536, order.bytes - at)).fill(at / 65_536 + 1), at);
  }
  const file = spool.finish();
  switch (order.do) {
    case 'twice':
      return { first: file, list: [file] };
    case 'forget':
      return file.bytes;
    case 'throw':
      throw new Error('the job threw');
    case 'exit':
      process.exit(7);
      return null;
    case 'exit-later':
      // When the result is on its way.
      setImmediate(() => process.exit(7));
      return file;
    case 'closed':
      file[Symbol.dispose]();
      return { file };
    case 'wait': {
      const words = order.words as Int32Array;
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
      while (!signal.aborted);
      return file;
    }
    default:
      return { file };
  }
});
