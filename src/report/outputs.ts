/** What a report writes. */
import { MillpondError } from '../errors.ts';
import { findClash } from '../files/places.ts';
import { shown } from '../text/escaping.ts';

export interface Output {
  readonly path: string;
  readonly content: string;
}

/**
 * Before anything is made: no output is a recording that was read, and no two are one file.
 * @throws MillpondError `ERR_OUTPUT_CLASH`
 */
export async function refuseClashes(
  outputs: readonly string[],
  recordings: readonly string[],
): Promise<void> {
  const clash = await findClash(outputs, recordings, 'file');
  if (clash === null) return;
  const output = shown(outputs[clash.output]);
  throw new MillpondError(
    'ERR_OUTPUT_CLASH',
    clash.with === 'output'
      ? `Each output has a file of its own; '${output}' would be written twice. Choose another name for one of them.`
      : `An output never overwrites a recording that it is made of; '${output}' is the recording '${shown(recordings[clash.other])}'. Choose another name.`,
  );
}
