/** What becomes of the files of a batch by what its journal says of them: a rule of the listing. */
import { resolve } from 'node:path';
import { inChunks } from '../../files/in-chunks.ts';
import { entryAt } from '../looks.ts';
import type { Found, FoundFile, PlannedFile, SkippedFile, Verdict } from '../plan.ts';
import { digestOf } from './digest.ts';
import { type Failed, type Mark, nameIn } from './entries.ts';
import type { Known } from './read-journal.ts';
import { resume, sameContent, sameMark } from './resume.ts';

/** How files are compared with what they were: by size and time, or by SHA-256 of all they hold. */
export type Check = 'times' | 'content';

interface KnownAbout {
  readonly outputs: string;
  readonly check: Check;
  /** The source of a file that is done is deleted: one that is gone is what it was. Default false. */
  readonly deletesSources?: boolean | undefined;
  /** Once it comes no file is read any more, and what could not be compared was changed. */
  readonly signal?: AbortSignal | undefined;
}

export class KnownFiles {
  readonly #known: Known;
  readonly #outputs: string;
  readonly #check: Check;
  readonly #deletesSources: boolean;
  readonly #signal: AbortSignal | undefined;

  /** @param about `outputs` is their folder; absolute */
  constructor(known: Known, { outputs, check, deletesSources = false, signal }: KnownAbout) {
    this.#known = known;
    this.#outputs = outputs;
    this.#check = check;
    this.#deletesSources = deletesSources;
    this.#signal = signal;
  }

  /** Whether some are done, so that nothing may be left to do. */
  get someDone(): boolean {
    return this.#known.done.size > 0;
  }

  /** Whether a file is an output as it was made of another one, or half made: then it is no input. */
  isMade(path: string, found: FoundFile | null): boolean {
    const name = nameIn(this.#outputs, path);
    if (this.#known.planned.has(name)) return true;
    const done = this.#known.done.get(name);
    const is = markOf(found);
    return done !== undefined && done.input.path !== name && is !== null && sameMark(done.output, is);
  }

  /** Null of a file that the journal does not know, or of whose output it says what is no more so. */
  async verdict({ input, output }: PlannedFile, found: Found): Promise<Verdict | null> {
    if (output === null) return null;
    const [inputName, outputName] = [nameIn(this.#outputs, input), nameIn(this.#outputs, output)];
    const done = this.#known.done.get(outputName);
    const tried = done ?? this.#known.failed.get(outputName);
    const [inputIs, outputIs] = [markOf(found.input), found.output?.isLink ? null : markOf(found.output)];
    const byContent = this.#check === 'content' && tried !== undefined;
    const isGone = this.#deletesSources && found.input === null;
    const present = {
      input: inputName,
      output: outputName,
      inputIs: isGone
        ? (done?.input ?? null)
        : byContent
          ? await this.#digested(input, inputIs, tried.input)
          : inputIs,
      outputIs:
        byContent && done !== undefined ? await this.#digested(output, outputIs, done.output) : outputIs,
    };
    const resumed = resume(this.#known, present, byContent ? sameContent : sameMark);
    if (resumed === 'unknown') return null;
    if (resumed === 'again') return 'replace';
    return resumed === 'done' ? { skip: 'done' } : { refuse: notTried(resumed) };
  }

  /** With the digest of its content, where it can be the same by its size. */
  async #digested(path: string, found: Mark | null, then: Mark): Promise<Mark | null> {
    if (found === null || found.bytes !== then.bytes) return found;
    try {
      return { ...found, sha256: await digestOf(path, this.#signal) };
    } catch {
      // It cannot be read, or is no more: then it is not what it was.
      return found;
    }
  }

  /** Files that are done, of which only the output is there. @param fits whether a source is looked for */
  async goneSources(fits: (source: string) => boolean): Promise<SkippedFile[]> {
    if (!this.#deletesSources) return [];
    const done = [...this.#known.done.values()].flatMap(({ input, output }) => {
      const path = resolve(this.#outputs, input.path);
      return fits(path) ? [{ input: path, output: resolve(this.#outputs, output.path) }] : [];
    });
    const looked = await inChunks(done, async ({ input, output }): Promise<SkippedFile[]> => {
      if ((await entryAt(input)) !== null) return [];
      const planned = { input, output, bytes: 0, estimatedSeconds: 0 };
      const verdict = await this.verdict(planned, { input: null, output: await entryAt(output) });
      const isDone = verdict !== null && typeof verdict === 'object' && 'skip' in verdict;
      return isDone ? [{ input, output, bytes: 0, reason: verdict.skip }] : [];
    });
    return looked.flat();
  }
}

function markOf(found: FoundFile | null): Mark | null {
  if (found === null || found.changedNs === null) return null;
  return { bytes: found.bytes, mtimeNs: `${found.changedNs}` };
}

function notTried({ code, message }: Failed) {
  return {
    reason: 'crashed' as const,
    code,
    message: `${message} It did so before and is the same file, so it was not tried again; --redo tries all.`,
  };
}
