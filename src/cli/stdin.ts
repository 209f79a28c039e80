/** How a command names stdin, and reads it. Holds nothing. */
import { fstatSync, readSync } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';

/** What stands for stdin among the inputs and lists, and for stdout as the output. */
export const DASH = '-';
/** What messages call stdin. */
export const STDIN = 'stdin';

/** @throws as a read does, where stdin is a folder */
export function readStdin(signal: AbortSignal): Readable {
  // Node takes a folder for a stream that is empty; the system says what is wrong.
  if (fstatSync(0).isDirectory()) readSync(0, Buffer.alloc(1));
  return addAbortSignal(signal, process.stdin);
}
