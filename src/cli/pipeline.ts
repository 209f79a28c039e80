/**
 * One audio file in a pipeline: what comes from stdin, or a file, goes to stdout as it would go into a file.
 * What comes is spooled whole before the job begins, since most formats are read back and forth. Owns the
 * spooled file until the command is done; main thread.
 * Invariant: nothing but the bytes of the output gets to stdout.
 */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type {
  OutputChecks,
  TranscodeRequest,
  TranscodeResult,
  TranscodeSettings,
} from '../audio/plan/request.ts';
import { decisionsOf } from '../batch/listing.ts';
import { withOptionNames } from '../batch/option-names.ts';
import type { Decision, PlannedFile } from '../batch/plan.ts';
import type { Bytes } from '../bytes.ts';
import { isMillpondError, MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { createSpool, dropSpooled, type SpooledCrate } from '../files/spool.ts';
import { escaped } from '../text/escaping.ts';
import { wrongValue } from './arguments.ts';
import type { CommandWork } from './batch.ts';
import type { ChoiceOptions } from './choice.ts';
import type { Interrupt } from './interrupt.ts';
import type { JournalCommandOptions } from './journal.ts';
import { DASH, readStdin, STDIN } from './stdin.ts';

/** Of what kind of audio it is nothing is known before it is there: as CD audio has it. */
const BYTES_PER_SECOND = 176_400;

interface Ends {
  readonly inputs: readonly string[];
  readonly out: string;
  readonly json: boolean;
}

/**
 * Whether a command line has a place in a pipeline.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` where it has half of one
 */
export function isPiped({ inputs, out, json }: Ends): boolean {
  const fromStdin = inputs.includes(DASH);
  if (!fromStdin && out !== DASH) return false;
  if (fromStdin && inputs.length > 1) {
    throw wrongValue(
      DASH,
      inputs.find((input) => input !== DASH) ?? DASH,
      '- is the one audio file that comes from stdin, and no other goes with it. Run the command once for each, or write ./- for a file of that name.',
    );
  }
  if (fromStdin && out !== DASH) {
    throw wrongValue(
      '--out',
      out,
      'what comes from stdin has no name in a folder. Write --out - and > with the name of a file.',
    );
  }
  if (inputs.length > 1) throw one(`${inputs.length} inputs`);
  if (json) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      '--out -: stdout has the audio file and nothing else, so it cannot have what --json prints. Leave --json out, or name a folder by --out.',
    );
  }
  if (process.stdout.isTTY) {
    throw wrongValue(
      '--out',
      DASH,
      'an audio file is not for a terminal. Write > with the name of a file, or | with a program.',
    );
  }
  return true;
}

/**
 * Options that are about files with names.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function refuseInPipeline(options: ChoiceOptions & JournalCommandOptions): void {
  const {
    filesFrom,
    base,
    dryRun,
    skipExisting,
    newer,
    copyOthers,
    deleteSource,
    overwrite = true,
  } = options;
  const asked = [
    filesFrom !== undefined && '--files-from',
    base !== undefined && '--base',
    dryRun && '--dry-run',
    skipExisting && '--skip-existing',
    newer && '--newer',
    copyOthers && '--copy-others',
    deleteSource && '--delete-source',
    !overwrite && '--no-overwrite',
    options.journal !== undefined && '--journal',
    options.durability !== undefined && '--durability',
    options.check !== undefined && '--check',
    options.redo && '--redo',
  ].find((name) => typeof name === 'string');
  if (asked === undefined) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${asked}: it is about files in folders, and --out - is one file to stdout. Leave it out, or name a folder by --out.`,
  );
}

/** One audio file to stdout; what it owns is to be disposed of when the command is done. */
export class PipelineWork implements CommandWork, Disposable {
  readonly job = 'transcode';
  readonly outputs = null;
  readonly piped = true;
  readonly #input: string;
  readonly #settings: TranscodeSettings & OutputChecks;
  readonly timeoutMs: (file: PlannedFile) => number;
  #spooled: SpooledCrate | null = null;

  constructor(
    input: string,
    settings: TranscodeSettings & OutputChecks,
    timeoutMs: (file: PlannedFile) => number,
  ) {
    this.#input = input;
    this.#settings = settings;
    this.timeoutMs = timeoutMs;
  }

  async *list(interrupt: Interrupt): AsyncGenerator<readonly Decision[]> {
    // An output that is too large for leases goes there, too.
    interrupt.watch(tmpdir());
    if (this.#input !== DASH) {
      yield* listOne(this.#input, interrupt.signal);
      return;
    }
    this.#spooled = await spoolStdin(interrupt.signal);
    const bytes = this.#spooled?.bytes ?? 0;
    yield [stdinDecision(bytes, bytes / BYTES_PER_SECOND)];
  }

  request = ({ input }: { readonly input: string }): TranscodeRequest => ({
    ...this.#settings,
    input: this.#spooled === null ? input : { path: this.#spooled.path, name: STDIN },
    output: { leases: true },
  });

  finish = async (_file: unknown, { leases, file }: TranscodeResult, signal: AbortSignal): Promise<void> => {
    using held = new DisposableStack();
    for (const lease of leases ?? []) held.use(lease);
    held.use(file);
    try {
      for (const lease of leases ?? []) await lease.writeTo(process.stdout, { signal });
      await file?.writeTo(process.stdout, { signal });
    } catch (error) {
      // Who reads may have seen enough; of all else `main` has heard from stdout itself.
      if (!isMillpondError(error) || error.code !== 'ERR_WRITE_FAILED') throw error;
    }
  };

  [Symbol.dispose](): void {
    if (this.#spooled !== null) dropSpooled(this.#spooled);
  }
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` for a folder, which has more than one */
export async function* listOne(path: string, signal: AbortSignal): AsyncGenerator<readonly Decision[]> {
  const info = await stat(systemPath(path)).catch(() => null);
  if (info?.isDirectory()) throw one(`the folder '${escaped(path)}'`);
  yield* decisionsOf({ inputs: [[path]], outputs: null, signal });
}

export function stdinDecision(bytes: Bytes, estimatedSeconds: number): Decision {
  const file = { input: STDIN, output: null, bytes, estimatedSeconds, number: 0, at: -1 };
  return { to: 'do', file, found: { input: null, output: null } };
}

/** All that comes, in a hidden file; `null` where the signal came first. */
async function spoolStdin(signal: AbortSignal): Promise<SpooledCrate | null> {
  try {
    return await spooled(readStdin(signal));
  } catch (cause) {
    if (signal.aborted) return null;
    if (isMillpondError(cause)) {
      throw new MillpondError(cause.code, withOptionNames(cause.message), { cause });
    }
    throw new MillpondError(
      'ERR_AUDIO_OPEN',
      `An input is an audio file that can be read, got stdin: ${escaped((cause as Error).message)}. Check what is behind < or in front of |.`,
      { cause },
    );
  }
}

async function spooled(stdin: AsyncIterable<Buffer>): Promise<SpooledCrate> {
  const spool = createSpool(tmpdir());
  try {
    let at = 0;
    for await (const piece of stdin) {
      spool.write(piece, at);
      at += piece.length;
    }
    return spool.finish().depart();
  } finally {
    spool.discard();
  }
}

function one(got: string): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `--out -: stdout has room for one audio file, got ${got}. Name one file, or a folder by --out.`,
  );
}
