/** What becomes of a file by what the journal says of it and by what is there now. Pure. */
import type { Done, Failed, Mark } from './entries.ts';
import type { Known } from './read-journal.ts';

/** Whether two are the same file by now. */
type Sameness = (then: Mark, now: Mark) => boolean;

/** What is there now; null where nothing is. */
interface Present {
  /** As the journal names it. */
  readonly input: string;
  readonly inputIs: Mark | null;
  readonly output: string;
  readonly outputIs: Mark | null;
}

/**
 * `done`: nothing is to be done. `again`: it is done anew, and its output, which the journal knows or which
 * was half there, is replaced. `unknown`: the journal says nothing that holds, and what becomes of an
 * output that exists is as the options say. What crashed is not tried again: it fails as it did.
 */
type Resumed = 'done' | 'again' | 'unknown' | Failed;

/** Such an input may take a whole process with it. */
const CRASHES: ReadonlySet<string> = new Set(['ERR_NATIVE_CRASH', 'ERR_TASK_STUCK']);

export function resume({ done, failed, planned }: Known, now: Present, same: Sameness): Resumed {
  const failure = failed.get(now.output);
  if (failure !== undefined) {
    return CRASHES.has(failure.code) && isOf(failure, now, same) ? failure : 'unknown';
  }
  const made = done.get(now.output);
  if (made === undefined) return planned.has(now.output) ? 'again' : 'unknown';
  if (now.outputIs === null || !same(made.output, now.outputIs)) return 'unknown';
  return isOf(made, now, same) ? 'done' : 'again';
}

function isOf({ input }: Done | Failed, now: Present, same: Sameness): boolean {
  return input.path === now.input && now.inputIs !== null && same(input, now.inputIs);
}

export function sameMark(then: Mark, now: Mark): boolean {
  return then.bytes === now.bytes && then.mtimeNs === now.mtimeNs;
}

/** What has no digest is another content: it was recorded when nobody compared. */
export function sameContent(then: Mark, now: Mark): boolean {
  return then.bytes === now.bytes && then.sha256 !== undefined && then.sha256 === now.sha256;
}
