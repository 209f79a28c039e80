/**
 * Requests that nobody reads to their end: their answer is the last one of the connection. Holds nothing
 * beyond them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KiB } from '../bytes.ts';
import { clearTimeout, setTimeout } from '../timers.ts';
import { markWhole } from './answer-ends.ts';

/** A connection that is over stays so long, for its client to read the answer. */
export const LINGER_MS = 1000;

/** A body that is no longer is read to its end sooner than another connection is made. */
const SHORT_BYTES = 256 * KiB;

/** Whether what is left of a request will be there soon, and says where it ends. */
export function isShort({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, expect } = headers;
  return expect === undefined && length !== undefined && Number(length) <= SHORT_BYTES;
}

/**
 * Resolves when the rest of a request has come, or is not waited for any more. To be called once its whole
 * answer was written, and before that is ended: the system drops an answer that was not read yet where bytes
 * come that nobody takes.
 */
export async function readAway(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  markWhole(answer);
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS).unref();
  // Whoever read it may listen still: it flows all the same.
  request
    .once('end', resolve)
    .once('close', resolve)
    .on('data', () => {})
    .resume();
  await promise;
  clearTimeout(timer);
}
