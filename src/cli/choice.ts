/**
 * Options that say which files a command does, and what becomes of outputs that exist; lists of names are
 * read here. Holds nothing.
 */
import { createReadStream } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Existing } from '../batch/existing.ts';
import { NotNames, namesIn } from '../batch/name-list.ts';
import { type Selection, selection } from '../batch/selection.ts';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { escaped } from '../text/escaping.ts';
import { option, path, wrongValue } from './arguments.ts';
import { DASH, readStdin } from './stdin.ts';

export interface ChoiceOptions {
  filesFrom?: string[];
  null?: boolean;
  include?: string[];
  exclude?: string[];
  base?: string;
  dryRun?: boolean;
  skipExisting?: boolean;
  newer?: boolean;
  copyOthers?: boolean;
  deleteSource?: boolean;
  /** As commander has `--no-overwrite`. */
  overwrite?: boolean;
}

/** Which files a batch does. */
export interface Choice {
  /** Files of which each holds names; `-` is stdin. */
  readonly lists: readonly string[];
  readonly separator: 'line' | 'nul';
  readonly selection: Selection;
  /** A folder: what is named below it keeps its path there. */
  readonly base: string | undefined;
  readonly existing: Existing;
  /** What is in folders and is not audio is copied. */
  readonly others: boolean;
  /** The source of a file that is done is deleted. */
  readonly deletesSources: boolean;
  /** Shows what would be done, and writes nothing. */
  readonly dryRun: boolean;
}

const MOST_PATTERN_LETTERS = 1000;
/** What `{a,b}` and `{1..9}` of a pattern come to, multiplied: all are written out for each name. */
const MOST_ALTERNATIVES = 1000;
/** From `A` to `z`. */
const LETTERS = 58;
const INNERMOST_BRACES = /\{([^{}]*)\}/;

export const CHOICE_HELP = `
Patterns: * and ? within a name, ** over folders, [abc], {a,b}. They are for what is found in folders, and what is
named is done anyway. One without / fits names at any depth, one with / the path below the folder that is walked,
one that ends with / folders only. With --include only what fits one is done; --exclude wins, in whatever order.`;

export function withChoiceOptions(command: Command): Command {
  return withListOptions(command).option(
    '--dry-run',
    'show what would be done and what not, and write nothing',
  );
}

/** Which files there are. */
export function withListOptions(command: Command): Command {
  return command
    .addOption(
      option(
        '--files-from <file>',
        'read names of files or folders, one a line; - for stdin',
        gathered(path),
      ),
    )
    .option('-0, --null', 'names of --files-from end with NUL, as find -print0 has them')
    .addOption(option('--base <dir>', 'what is named below this folder keeps its path under --out', path))
    .addOption(option('--include <glob>', 'of folders only what fits', gathered(glob)))
    .addOption(option('--exclude <glob>', 'of folders nothing that fits', gathered(glob)));
}

export function withExistingOptions(command: Command): Command {
  return withOthersOption(
    withKeptOptions(command).option('--no-overwrite', 'fail files whose output exists'),
  ).option(
    '--delete-source',
    'delete each source once its output was decoded again, compared and put on disk',
  );
}

/** Which outputs that exist stay. */
export function withKeptOptions(command: Command): Command {
  return command
    .option('--skip-existing', 'leave out files whose output exists')
    .option('--newer', 'leave out files that are not newer than their output');
}

export function withOthersOption(command: Command): Command {
  return command.option(
    '--copy-others',
    'copy what is in folders and is not audio, such as covers, to where it lies below --out',
  );
}

/**
 * @param command says that an argument is missing
 * @throws MillpondError `ERR_INVALID_ARGUMENT` for options that exclude each other
 */
export function choiceOf(command: Command, inputs: readonly string[], options: ChoiceOptions): Choice {
  const lists = options.filesFrom ?? [];
  if (inputs.length === 0 && lists.length === 0) {
    command.error("error: missing required argument 'files or folders', or a list of them by --files-from", {
      code: 'commander.missingArgument',
    });
  }
  if (lists.filter((list) => list === DASH).length > 1) throw twiceStdin('--files-from - is there twice');
  if (lists.includes(DASH) && inputs.includes(DASH)) throw twiceStdin('- is the audio file and the list');
  if (options.null && lists.length === 0) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      '--null: it says how the names of a list end, and there is none. Name the list by --files-from.',
    );
  }
  return {
    lists,
    separator: options.null ? 'nul' : 'line',
    selection: selection(options.include ?? [], options.exclude ?? []),
    base: options.base,
    existing: existingOf(options),
    others: options.copyOthers ?? false,
    deletesSources: options.deleteSource ?? false,
    dryRun: options.dryRun ?? false,
  };
}

function existingOf({ skipExisting, newer, overwrite = true }: ChoiceOptions): Existing {
  const asked = [
    ...(skipExisting ? (['skip'] as const) : []),
    ...(newer ? (['newer'] as const) : []),
    ...(overwrite ? [] : (['refuse'] as const)),
  ];
  if (asked.length > 1) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      'Of --skip-existing, --newer and --no-overwrite one says what becomes of outputs that exist, got several. Leave the others out.',
    );
  }
  return asked[0] ?? 'replace';
}

/**
 * What is named by arguments, then what all lists name, in their order and as it comes; ends where the signal
 * comes.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` for a list that is none, behind the names in front of that
 */
export async function* namedBy(
  inputs: readonly string[],
  choice: Choice | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  if (inputs.length > 0) yield inputs;
  for (const list of choice?.lists ?? []) {
    try {
      const bytes = list === DASH ? readStdin(signal) : createReadStream(systemPath(list), { signal });
      yield* namesIn(bytes, choice?.separator ?? 'line');
    } catch (cause) {
      if (signal.aborted) return;
      throw wrongValue('--files-from', list, remedyOf(cause), { cause });
    }
  }
}

function remedyOf(cause: unknown): string {
  if (cause instanceof NotNames) return cause.message;
  return `a list is a file that can be read: ${escaped((cause as Error).message)}. Check its name, or write - for stdin.`;
}

function twiceStdin(what: string): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `stdin is read once, but ${what}. Put one of them into a file.`,
  );
}

function gathered(read: (text: string) => string) {
  return (text: string, earlier: readonly string[] = []): string[] => [...earlier, read(text)];
}

function glob(text: string): string {
  const isPattern = /[^/]/.test(text) && text.length <= MOST_PATTERN_LETTERS;
  if (isPattern && alternatives(text) > MOST_ALTERNATIVES) {
    throw new InvalidArgumentError(
      `the braces of a pattern come to ${MOST_ALTERNATIVES} alternatives at most. Write * for some, or give the option several times.`,
    );
  }
  if (isPattern) return text;
  throw new InvalidArgumentError(
    `a pattern has 1 to ${MOST_PATTERN_LETTERS} letters that are not all /. Write for example '*.wav'.`,
  );
}

/** As many at least as the braces come to. */
function alternatives(pattern: string): number {
  let [count, rest] = [1, pattern];
  for (let found = INNERMOST_BRACES.exec(rest); found !== null; found = INNERMOST_BRACES.exec(rest)) {
    const [from, to] = found[1].split('..');
    const span = Math.abs(Number(to) - Number(from)) + 1;
    if (to === undefined) count *= from.split(',').length;
    else count *= Number.isNaN(span) ? LETTERS : span;
    rest = rest.replace(INNERMOST_BRACES, '');
  }
  return count;
}
