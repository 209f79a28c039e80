/** `millpond cluster submit`. */
import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import type { CoverSettings } from '../audio/plan/request.ts';
import { engineFingerprint } from '../batch/engine-fingerprint.ts';
import type { Durability } from '../batch/journal/syncs.ts';
import { DEFAULT_PAGE } from '../cluster/planner.ts';
import type { ListSpec, ListTotals } from '../cluster/store.ts';
import type { Submitted } from '../cluster/submit.ts';
import { MillpondError } from '../errors.ts';
import { absolutePath, systemPath } from '../files/byte-paths.ts';
import { shown } from '../text/escaping.ts';
import { wallMs } from '../timers.ts';
import { decimalNumber, given, choice as oneOf, option, path, wholeNumber, wrongValue } from './arguments.ts';
import { cacheFolder } from './cache-folder.ts';
import {
  type Choice,
  type ChoiceOptions,
  choiceOf,
  withKeptOptions,
  withListOptions,
  withOthersOption,
} from './choice.ts';
import { type BrokerOptions, connect, withBrokerOptions } from './cluster-options.ts';
import { type CoverOptions, coverOf, withCoverOptions } from './cover.ts';
import { EXIT } from './exit.ts';
import { listenForInterrupt } from './interrupt.ts';
import { type LimitOptions, withLimitOptions, withOutputLimit } from './limits.ts';
import { ListingProgress } from './listing-progress.ts';
import { DASH, readStdin } from './stdin.ts';
import {
  type TargetOptions,
  transcodeSettings,
  withFormatOption,
  withTargetOptions,
  withTimesOption,
} from './target-options.ts';

interface SubmitOptions extends BrokerOptions, ChoiceOptions, CoverOptions, LimitOptions, TargetOptions {
  out?: string;
  label?: string;
  detach?: boolean;
  durability?: Durability;
  redo?: boolean;
  anyEngine?: boolean;
  hash?: boolean;
  preserveTimes?: boolean;
  weight: number;
  priority: number;
  pageWork: number;
  pageFiles: number;
}

const WEIGHT = { what: 'a weight', from: 0.01, to: 1000, example: 2 };
const PRIORITY = { what: 'a priority', from: -10, to: 10, example: 1 };
const PAGE_WORK = { what: 'the work of a page in seconds', from: 0.1, to: 3600, example: 8 };
const PAGE_FILES = { what: 'the number of files of a page', from: 1, to: 10_000, example: 500 };

const HELP = `
The batch has its id at once: it is printed before anything is listed. The same batch, that is the same names, options,
folder and engine, is the same batch: submitted again it goes on where it was, and where it was cancelled, too. What is listed the first time is all
that it has; --label makes another one of the same names. An output that exists fails its file, unless --skip-existing or --newer says
otherwise, or --redo replaces all.

All outputs are made by one engine, that of this machine: hosts with another one take none of its files, and say so. --any-engine
takes any, and the results say which host made which file.

Examples:
  millpond cluster submit album/ --to flac --out /share/converted
  find /share/wav -name '*.wav' -print0 | millpond cluster submit --files-from - -0 --base /share/wav --to opus --out /share/opus
  millpond cluster submit album/ --to mp3 --out /share/mp3 --detach --weight 2`;

export function clusterSubmitCommand(): Command {
  const command = new Command('submit')
    .description('make a batch known to all hosts')
    .usage('[options] --to <format> --out <dir> <files or folders...>')
    .argument('[files or folders...]', 'audio files, or folders to walk');
  withFormatOption(command).addOption(
    option('--out <dir>', 'folder for the outputs, created if needed, on a share of all hosts', path),
  );
  withTimesOption(withCoverOptions(withTargetOptions(command)));
  withOthersOption(withKeptOptions(withListOptions(command)));
  withBrokerOptions(withOutputLimit(withLimitOptions(command)));
  return command
    .option('--redo', 'a batch of its own that replaces outputs that exist')
    .option('--hash', 'results have the SHA-256 of each output')
    .addOption(
      oneOf(
        '--durability <level>',
        'what is done outlives the end of its host; with power a power loss, too',
        'a durability',
        ['process', 'power'],
      ),
    )
    .option('--detach', 'leave the listing to a host')
    .option('--any-engine', 'hosts of any engine take part')
    .addOption(option('--label <text>', 'tells batches of the same names apart', (text) => text))
    .addOption(option('--weight <n>', 'its share among batches', decimalNumber(WEIGHT)).default(1))
    .addOption(option('--priority <n>', 'before others: -10 to 10; a step is a minute', integer).default(0))
    .addOption(
      option(
        '--page-work <seconds>',
        'work of a page, as one thread does it',
        decimalNumber(PAGE_WORK),
      ).default(DEFAULT_PAGE.workSeconds),
    )
    .addOption(
      option('--page-files <n>', 'files of a page at most', wholeNumber(PAGE_FILES)).default(
        DEFAULT_PAGE.mostFiles,
      ),
    )
    .addHelpText('after', HELP)
    .action(async (inputs: string[], options: SubmitOptions) => {
      await submitBatch(choiceOf(command, inputs, options), inputs, options);
    });
}

function integer(text: string): number {
  return Math.round(decimalNumber(PRIORITY)(text));
}

async function submitBatch(choice: Choice, inputs: readonly string[], options: SubmitOptions): Promise<void> {
  const folder = absolutePath(
    given(options.out, '--out', 'name the folder for the outputs, as --out converted.'),
  );
  if (options.redo && choice.existing !== 'replace') throw twoWays();
  const cover = coverOf(options);
  const asked = {
    ...transcodeSettings(options),
    ...cover.settings,
    ...(options.hash && { hash: true }),
    ...(options.preserveTimes && { preserveTimes: true }),
  };
  const { submit } = await import('../cluster/submit.ts');
  const interrupt = listenForInterrupt();
  const progress = new ListingProgress();
  try {
    const engine = options.anyEngine ? null : await engineFingerprint(cacheFolder(process.env, 'engine'));
    await using broker = await connect(options);
    const settings = await withKeptCover(folder, asked, cover.bytes);
    const submission = {
      folder,
      job: 'transcode',
      settings,
      extension: `.${asked.to}`,
      timeoutMs: options.jobTimeout === undefined ? null : options.jobTimeout * 1000,
      list: await listSpec(folder, choice, inputs, options),
      engine,
      weight: options.weight,
      priority: options.priority,
      page: { workSeconds: options.pageWork, mostFiles: options.pageFiles },
      label: options.redo ? `redo ${options.label ?? wallMs()}` : (options.label ?? ''),
      durability: options.durability ?? 'process',
      detach: options.detach ?? false,
    };
    const totals = await submit(submission, {
      broker,
      known: async (submitted) => {
        tell(submitted);
        if (!submission.detach) await progress.start();
      },
      listed: (files) => progress.listed(files),
      signal: interrupt.signal,
    });
    progress.stop();
    if (totals !== null) process.stderr.write(`millpond: ${listedText(totals, folder)}\n`);
  } catch (error) {
    progress.stop();
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write(
      'millpond: the list is not whole; submit the batch again to make it, or cancel it\n',
    );
  } finally {
    interrupt.stop();
  }
  process.exitCode = interrupt.exitCode() || EXIT.done;
}

function listedText({ files, pages, skipped, refused }: ListTotals, folder: string): string {
  return [
    `${files} ${files === 1 ? 'file' : 'files'} in ${pages} ${pages === 1 ? 'page' : 'pages'}`,
    skipped > 0 && `${skipped} left out`,
    refused > 0 && `${refused} cannot be done, which 'millpond cluster report --out ${shown(folder)}' names`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Hosts have the picture from the folder of the outputs, by its digest: whatever it is called here. */
async function withKeptCover<Settings extends CoverSettings>(
  folder: string,
  settings: Settings,
  bytes: Uint8Array | null,
): Promise<Settings> {
  if (bytes === null) return settings;
  const { keep, keptPath } = await import('../cluster/cluster-folder.ts');
  return { ...settings, cover: { path: keptPath(folder, 'covers', await keep(folder, 'covers', [bytes])) } };
}

function tell({ id, before }: Submitted): void {
  process.stdout.write(`${id}\n`);
  if (before === null) return;
  const how = before === 'done' ? 'and is done' : 'and goes on';
  process.stderr.write(`millpond: this batch was submitted before ${how}\n`);
}

async function listSpec(
  folder: string,
  choice: Choice,
  inputs: readonly string[],
  { include = [], exclude = [], redo }: SubmitOptions,
): Promise<ListSpec> {
  const { keep } = await import('../cluster/cluster-folder.ts');
  const lists: string[] = [];
  for (const list of choice.lists) {
    const bytes =
      list === DASH ? readStdin(new AbortController().signal) : createReadStream(systemPath(list));
    try {
      lists.push(await keep(folder, 'lists', bytes));
    } catch (cause) {
      if (cause instanceof MillpondError) throw cause;
      const why = (cause as Error).message;
      throw wrongValue('--files-from', list, `a list is a file that can be read: ${why}.`, { cause });
    }
  }
  return {
    inputs: inputs.map(absolutePath),
    lists,
    separator: choice.separator,
    include,
    exclude,
    base: choice.base === undefined ? null : absolutePath(choice.base),
    // Nothing is replaced unless it is asked for: another host may have made it.
    existing: redo ? 'replace' : choice.existing === 'replace' ? 'refuse' : choice.existing,
    others: choice.others,
  };
}

function twoWays(): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    '--redo replaces all outputs that exist, and --skip-existing and --newer keep some. Leave one out.',
  );
}
