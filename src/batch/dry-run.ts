/** What a batch would do, without doing it: for people as lines, for programs as JSON. */
import type { Bytes } from '../bytes.ts';
import { escaped, shown } from '../text/escaping.ts';
import type { Decision, PlannedFile, SkippedFile, SkipReason } from './plan.ts';
import { countSkips, formatSkips, SKIP_TEXTS, type Skips, totalOf } from './skips.ts';

/** `millpond.plan/1`: fields may be added, none changed. */
interface DryRun {
  readonly schema: 'millpond.plan/1';
  readonly command: string;
  readonly files: {
    /** Those that would be tried or are refused: as in `millpond.run/1`. */
    readonly total: number;
    readonly planned: number;
    readonly refused: number;
    readonly skipped: number;
  };
  readonly skipped: Skips;
  /** Whether the source of each file that is done would be deleted, once its output was compared. */
  readonly deletesSources: boolean;
  /** The longest first, as the batch would go if all were listed before it begins; then what is skipped. */
  readonly plan: readonly Step[];
}

interface Step {
  /** Absolute. */
  readonly input: string;
  /** Absolute; null where none would be made. */
  readonly output: string | null;
  /**
   * `read` where a command makes no file; `copy` for what is not audio and would be new; `refuse` for what
   * would fail.
   */
  readonly action: 'create' | 'replace' | 'copy' | 'read' | 'skip' | 'refuse';
  readonly reason: SkipReason | 'clash' | 'missing' | 'unreadable' | 'crashed' | null;
  /** Of what is refused. */
  readonly code?: string;
  readonly message?: string;
  readonly bytes: Bytes;
  readonly estimatedSeconds: number;
}

/** A folder that may not be entered hides whether there is one. */
const MISSING = 'An input is a readable file; none is to be seen there. Check the path and its permissions.';

export async function dryRun(
  command: string,
  decisions: AsyncIterable<readonly Decision[]>,
  deletesSources = false,
): Promise<DryRun> {
  const tried: { file: PlannedFile; step: Step }[] = [];
  const skipped: Step[] = [];
  for await (const some of decisions) {
    for (const decision of some) {
      if (decision.to === 'skip') skipped.push(skipStep(decision.file));
      // It comes once more, when all inputs are known.
      else if (decision.to !== 'wait') tried.push({ file: decision.file, step: stepOf(decision) });
    }
  }
  tried.sort((a, b) => {
    const longer = b.file.estimatedSeconds - a.file.estimatedSeconds;
    return longer || (a.file.input < b.file.input ? -1 : 1);
  });
  const steps = tried.map(({ step }) => step);
  const unreadable = steps.filter(({ reason }) => reason === 'unreadable');
  const plan = [...unreadable, ...steps.filter(({ reason }) => reason !== 'unreadable'), ...skipped];
  const refused = steps.filter(({ action }) => action === 'refuse').length;
  const skips = countSkips(skipped.map(({ reason }) => reason as SkipReason));
  const files = { total: steps.length, planned: steps.length - refused, refused, skipped: totalOf(skips) };
  return { schema: 'millpond.plan/1', command, files, skipped: skips, deletesSources, plan };
}

function skipStep({ input, output, bytes, reason }: SkippedFile): Step {
  return { input, output, action: 'skip', reason, bytes, estimatedSeconds: 0 };
}

function stepOf(decision: Exclude<Decision, { to: 'skip' }>): Step {
  const { input, output, bytes, estimatedSeconds } = decision.file;
  const step = { input, output, bytes, estimatedSeconds };
  if (decision.to === 'refuse') return { ...step, action: 'refuse', ...decision.refusal };
  const { found } = decision;
  if (!found.input?.isFile) {
    return { ...step, action: 'refuse', reason: 'missing', code: 'ERR_AUDIO_OPEN', message: MISSING };
  }
  const create = decision.file.isOther ? 'copy' : 'create';
  const action = output === null ? 'read' : found.output === null ? create : 'replace';
  return { ...step, action, reason: null };
}

/** A line for each file, and a last one that sums them up. */
export function formatDryRun({ files, skipped, deletesSources, plan }: DryRun): string {
  const lines = plan.map(({ input, output, action, reason, message, code }) => {
    const what = output === null ? shown(input) : `${shown(input)} -> ${shown(output)}`;
    const why = action === 'skip' ? SKIP_TEXTS[reason as SkipReason] : message && `${message} (${code})`;
    return `${action.padEnd(8)} ${what}${why === undefined ? '' : `: ${escaped(why)}`}`;
  });
  const rest = [files.refused > 0 && `${files.refused} refused`, formatSkips(skipped)].filter(Boolean);
  const deleted = deletesSources ? ', and the sources deleted whose outputs were compared' : '';
  const all = `${files.planned} of ${files.total} would be done${deleted}`;
  return `${[...lines, [all, ...rest].join(', ')].join('\n')}\n`;
}

/** Lines for those that are refused, as failures are told. */
export function formatRefusals({ plan }: DryRun): string[] {
  return plan.flatMap(({ action, input, message = '', code }) =>
    action === 'refuse' ? [`refused: ${shown(input)}: ${escaped(message)} (${code})`] : [],
  );
}
