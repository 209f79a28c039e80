/** What a command will do: the listing of its batch, begun or shown. Holds nothing. */
import { dryRun, formatDryRun, formatRefusals } from '../batch/dry-run.ts';
import { existingRule } from '../batch/existing.ts';
import { withGoneSources } from '../batch/gone-sources.ts';
import type { KnownFiles } from '../batch/journal/known-files.ts';
import { decisionsOf } from '../batch/listing.ts';
import type { Decision, Found, Outputs, PlannedFile } from '../batch/plan.ts';
import { type ErrorCode, isMillpondError } from '../errors.ts';
import { jsonText } from '../text/escaping.ts';
import { wrongValue } from './arguments.ts';
import { type Choice, namedBy } from './choice.ts';
import { EXIT } from './exit.ts';
import { DASH } from './stdin.ts';

/** What is wrong with a recording's file. */
const OF_RECORDING: ReadonlySet<ErrorCode> = new Set(['ERR_OUTPUT_CLASH', 'ERR_OUTPUT_WRITE']);

interface Listed {
  readonly inputs: readonly string[];
  readonly choice?: Choice | undefined;
  readonly outputs: Outputs | null;
  /** A file for the recording. */
  readonly record: string | undefined;
  /** A file for what came of each file, or `-`. */
  readonly results: string | undefined;
  readonly journal?: {
    readonly file?: string | undefined;
    readonly deletesSources?: boolean | undefined;
  } | null;
  /** What was done before. */
  readonly known?: KnownFiles | null;
}

/** What becomes of each file that is named by arguments and in lists. */
export async function* decisionsFor(
  { inputs, choice, outputs, record, results, journal, known = null }: Listed,
  signal: AbortSignal,
  asked: Pick<Parameters<typeof decisionsOf>[0], 'shared' | 'areOneName'> = {},
): AsyncGenerator<readonly Decision[]> {
  const list = (names: AsyncIterable<readonly string[]>): AsyncIterable<readonly Decision[]> =>
    decisionsOf({
      inputs: names,
      outputs: outputs && { ...outputs, base: choice?.base },
      ...(choice !== undefined && { selection: choice.selection, others: choice.others }),
      rules: [
        ...(known === null ? [] : [(file: PlannedFile, found: Found) => known.verdict(file, found)]),
        existingRule(choice?.existing ?? 'replace'),
      ],
      ...(known !== null && { isMade: (path, found) => known.isMade(path, found) }),
      ...asked,
      record,
      own: [results, journal?.file].flatMap((path) => (path === undefined || path === DASH ? [] : [path])),
      signal,
    });
  const names = namedBy(inputs, choice, signal);
  // The names are held meanwhile.
  const decisions =
    known !== null && journal?.deletesSources ? withGoneSources(names, known, list) : list(names);
  yield* record === undefined ? decisions : ofRecording(record, decisions);
}

interface Shown {
  readonly command: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Prints what would be done. @returns the exit code that the plan foresees */
export async function showPlan(listed: Listed, shown: Shown, signal: AbortSignal): Promise<number> {
  const { command, json, quiet } = shown;
  const shows = await dryRun(command, decisionsFor(listed, signal), listed.choice?.deletesSources);
  if (signal.aborted) return EXIT.done;
  if (!json && !quiet) process.stdout.write(formatDryRun(shows));
  else for (const line of formatRefusals(shows)) process.stderr.write(`${line}\n`);
  if (json) process.stdout.write(`${jsonText(shows)}\n`);
  return shows.files.refused > 0 ? EXIT.failed : EXIT.done;
}

async function* ofRecording<T>(record: string, decisions: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* decisions;
  } catch (cause) {
    throw aboutRecording(record, cause);
  }
}

/** What is wrong with the recording's file is said in the name of its option. */
export function aboutRecording(record: string, cause: unknown): unknown {
  if (!isMillpondError(cause) || !OF_RECORDING.has(cause.code)) return cause;
  return wrongValue('--record', record, cause.message, { code: cause.code, cause });
}
