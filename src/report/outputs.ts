/**
 * Writes what a report is asked for: each file appears whole or not at all, and never in place of a recording
 * that was read.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MillpondError } from '../errors.ts';
import { shown } from '../text/escaping.ts';

export interface Output {
  readonly path: string;
  readonly content: string;
}

/**
 * Before anything is made: no output is an input, and no two are one file.
 * @throws MillpondError `ERR_OUTPUT_CLASH`
 */
export function refuseClashes(outputs: readonly string[], inputs: readonly string[]): void {
  const sources = new Map(inputs.map((input) => [placeOf(input), input]));
  const places = new Set<string>();
  for (const output of outputs) {
    const place = placeOf(output);
    const source = sources.get(place);
    if (source !== undefined) {
      throw new MillpondError(
        'ERR_OUTPUT_CLASH',
        `An output never overwrites a recording that it is made of; '${shown(output)}' is the recording '${shown(source)}'. Choose another name.`,
      );
    }
    if (places.has(place)) {
      throw new MillpondError(
        'ERR_OUTPUT_CLASH',
        `Each output has a file of its own; '${shown(output)}' would be written twice. Choose another name for one of both.`,
      );
    }
    places.add(place);
  }
}

/**
 * The same for each name of a file: by links that were followed and, of a file that is there, by its number.
 */
function placeOf(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return join(realFolder(dirname(path)), basename(path));
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const above = dirname(folder);
    return above === folder ? folder : join(realFolder(above), basename(folder));
  }
}
