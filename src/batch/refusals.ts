/** Why files, and batches, are not done: what is said of it. Pure. */
import { dirname } from 'node:path';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import type { PlannedFile, Refusal } from './plan.ts';

function clash(message: string): Refusal {
  return { reason: 'clash', code: 'ERR_OUTPUT_CLASH', message };
}

export function twoInputs(file: PlannedFile, other: PlannedFile): Refusal {
  const [one, two] = [other.input, file.input];
  const base = dirname(one) === dirname(two) ? '' : ', or keep their paths by --base';
  return clash(
    `Each output has one input; '${escaped(one)}' came first and writes '${escaped(file.output as string)}', so '${escaped(two)}' is not done. Rename one, or give them different --out folders${base}.`,
  );
}

export function overwritten(file: PlannedFile, input: string): Refusal {
  return clash(
    `An output never overwrites an input; '${escaped(file.output as string)}' is the input '${escaped(input)}'. Choose another --out folder.`,
  );
}

export function ownOutput(file: PlannedFile, maker: PlannedFile): Refusal {
  return clash(
    `An input of a batch is no output of it; '${escaped(file.input)}' is made from '${escaped(maker.input)}'. Do it in a batch of its own.`,
  );
}

export function emptyName(): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    "A file or folder has a name, got ''. Write . for the folder you are in; a shell variable may be unset.",
  );
}

/** What was named and what was found there. */
interface Nothing {
  /** The first of what was named. */
  readonly named: readonly string[];
  readonly namedCount: number;
  readonly excluded: number;
  readonly others: number;
}

export function noInput({ named, namedCount, excluded, others }: Nothing): MillpondError {
  const [held, remedy] =
    excluded === 0
      ? [`held none (${others} other files)`, 'Name a file, or a folder that holds audio files']
      : [
          `held none that --include and --exclude leave (${excluded} excluded, ${others} other files)`,
          'Change the patterns',
        ];
  const more = namedCount > named.length ? ` and ${namedCount - named.length} more` : '';
  const names = named.length === 0 ? 'an empty list' : named.map((name) => `'${escaped(name)}'`).join(', ');
  return new MillpondError(
    'ERR_NO_INPUT',
    `A batch needs at least one audio file; ${names}${more} ${held}. ${remedy}.`,
  );
}

/** A recording of the run is a file of its own. */
export function recordingClash(record: string, { input, output }: PlannedFile): MillpondError {
  const files = output === null ? `'${escaped(input)}'` : `'${escaped(input)}', or its output`;
  return new MillpondError(
    'ERR_OUTPUT_CLASH',
    `A recording of the run is a file of its own; '${escaped(record)}' is ${files}, which the batch reads or writes. Name another file.`,
  );
}

export function ownFile({ input }: PlannedFile): Refusal {
  return clash(
    `What a run writes of itself are files of their own; '${escaped(input)}', or its output, is that of --results or --journal. Name another one.`,
  );
}

export function unreadableFolder(reason: string): Refusal {
  const message = `A folder is walked if it can be read; this one cannot: ${escaped(reason)}. Check its permissions.`;
  return { reason: 'unreadable', code: 'ERR_AUDIO_OPEN', message };
}
