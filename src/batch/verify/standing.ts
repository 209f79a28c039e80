/** How a file stands to what the journal says of it. Pure. */
import { MillpondError } from '../../errors.ts';
import { shown } from '../../text/escaping.ts';
import type { Done, Mark } from '../journal/entries.ts';

/**
 * Of an output that was done: nothing has its name; it is not the file that was made; it is that file, as far
 * as its size and time tell, and does not decode to what was encoded.
 */
export type Fault = 'missing' | 'changed' | 'torn';

/** What of an output is wrong, in words for people. */
interface Faulty {
  readonly fault: Fault;
  readonly why: string;
}

/**
 * What is wrong without looking into the file; null for nothing.
 * @param now what has its name; null where no file has
 * @param isQuick nobody will look into it, so that its time has to do
 */
export function faultSeen({ output, sound }: Done, now: Mark | null, isQuick: boolean): Faulty | null {
  if (now === null) return { fault: 'missing', why: 'no file of its name' };
  if (now.bytes !== output.bytes) {
    return { fault: 'changed', why: `${now.bytes} bytes for ${output.bytes}` };
  }
  // A copy has another time and may have the same content.
  const isConclusive = !isQuick && (output.sha256 !== undefined || (sound?.samples ?? null) !== null);
  if (isConclusive || now.mtimeNs === output.mtimeNs) return null;
  return { fault: 'changed', why: 'a file that was written to since' };
}

/** What is wrong with an output that was looked into, and found to hold something else. */
export function faultWithin({ output }: Done, now: Mark, got: string): Faulty {
  const changed = output.sha256 !== undefined || now.mtimeNs !== output.mtimeNs;
  return { fault: changed ? 'changed' : 'torn', why: got };
}

export function faultyOutput({ fault, why }: Faulty, path: string): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_VERIFY',
    `An output is what the journal says was made; it is ${fault}, got ${why} in '${shown(path)}'. Remove what is there, and write the command again that made it.`,
  );
}
