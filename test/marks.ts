/** What it means that a buffer was marked untransferable. */
import { markAsUntransferable } from 'node:worker_threads';

/**
 * Whether nothing can detach it then. Node 24 only refuses to post it: `transfer()` frees it as any other.
 */
export const MARKS_HOLD = (() => {
  const buffer = new ArrayBuffer(8);
  markAsUntransferable(buffer);
  try {
    buffer.transfer();
    return false;
  } catch {
    return true;
  }
})();
