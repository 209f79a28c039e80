/** What a batch has written down, read again. Pure. */
import { MillpondError } from '../errors.ts';
import { escaped, shown } from '../text/escaping.ts';

const REMEDY =
  'Remove the folder of the batch, and submit it again with --skip-existing, which keeps what is made.';

/**
 * Each object was whole when it got its name: if it is not now, a disk or somebody has damaged it.
 * @throws MillpondError `ERR_JOURNAL_INVALID`
 */
export function keptJson<Value>(text: string, path: string, remedy = REMEDY): Value {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MillpondError(
      'ERR_JOURNAL_INVALID',
      `What a batch over hosts has written down is JSON, got '${shown(path)}': ${escaped((cause as Error).message)}. ${remedy}`,
      { cause },
    );
  }
}
