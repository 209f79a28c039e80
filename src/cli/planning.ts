/** What a command will do: the plan of its batch, made or shown. Holds nothing. */
import { dryRun, formatDryRun, formatRefusals } from '../batch/dry-run.ts';
import { withoutExisting } from '../batch/existing.ts';
import { gatherFiles, type Outputs, type Plan, planBatch, refuseRecordingClash } from '../batch/plan.ts';
import { type ErrorCode, isMillpondError } from '../errors.ts';
import { jsonText } from '../text/escaping.ts';
import { wrongValue } from './arguments.ts';
import { type Choice, readLists } from './choice.ts';
import { EXIT } from './exit.ts';

/** What is wrong with a recording's file, where a runtime starts. */
const OF_RECORDING: ReadonlySet<ErrorCode> = new Set(['ERR_OUTPUT_CLASH', 'ERR_OUTPUT_WRITE']);

/** What is named by arguments and in lists; null where the signal came first. */
export async function inputsOf(
  inputs: readonly string[],
  choice: Choice | undefined,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  if (choice === undefined || choice.lists.length === 0) return inputs;
  const listed = await readLists(choice, signal);
  return listed && [...inputs, ...listed];
}

export async function planOf(
  inputs: readonly string[],
  outputs: Outputs | null,
  choice: Choice | undefined,
): Promise<Plan> {
  const all = await planBatch(inputs, outputs && { ...outputs, base: choice?.base }, choice?.selection);
  return choice === undefined ? all : withoutExisting(all, choice.existing);
}

interface Shown {
  readonly command: string;
  readonly outputs: Outputs | null;
  /** A file for the recording. */
  readonly record: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Prints what would be done. @returns the exit code that the plan foresees */
export async function showPlan(
  inputs: readonly string[],
  { selection, existing, base }: Choice,
  { command, outputs, record, json, quiet }: Shown,
): Promise<number> {
  const found = await gatherFiles(inputs, outputs && { ...outputs, base }, selection);
  if (record !== undefined) await ofRecording(record, () => refuseRecordingClash(record, found));
  const shows = await dryRun(command, found, existing);
  if (!json && !quiet) process.stdout.write(formatDryRun(shows));
  else for (const line of formatRefusals(shows)) process.stderr.write(`${line}\n`);
  if (json) process.stdout.write(`${jsonText(shows)}\n`);
  const refused = shows.files.refused > 0 ? EXIT.failed : EXIT.done;
  return shows.plan.some(({ reason }) => reason === 'clash') ? EXIT.usage : refused;
}

/** What is wrong with the recording's file is said in the name of its option. */
export async function ofRecording<T>(record: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!isMillpondError(cause) || !OF_RECORDING.has(cause.code)) throw cause;
    throw wrongValue('--record', record, cause.message, { code: cause.code, cause });
  }
}
