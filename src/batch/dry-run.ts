/** What a batch would do, without doing it: for people as lines, for programs as JSON. */
import type { Bytes } from '../bytes.ts';
import { outputExists } from '../files/whole-file.ts';
import { escaped, shown } from '../text/escaping.ts';
import { decide, type Existing, look } from './existing.ts';
import { clashesOf, type Plan, type SkipReason } from './plan.ts';
import { unreadableText } from './run.ts';
import { countSkips, formatSkips, SKIP_TEXTS, type Skips, totalOf } from './skips.ts';

/** `millpond.plan/1`: fields may be added, none changed. */
interface DryRun {
  readonly schema: 'millpond.plan/1';
  readonly command: string;
  readonly files: {
    /** Those that would be tried or are refused: as in `millpond.run/1`. */
    readonly total: number;
    /** None where files clash: then the whole batch is refused. */
    readonly planned: number;
    readonly refused: number;
    readonly skipped: number;
  };
  readonly skipped: Skips;
  /** In the order in which the batch would go, then what is skipped. */
  readonly plan: readonly Step[];
}

interface Step {
  /** Absolute. */
  readonly input: string;
  /** Absolute; null where none would be made. */
  readonly output: string | null;
  /** `read` where a command makes no file; `refuse` for what would fail. */
  readonly action: 'create' | 'replace' | 'read' | 'skip' | 'refuse';
  readonly reason: SkipReason | 'clash' | 'missing' | 'unreadable' | null;
  /** Of what is refused. */
  readonly code?: string;
  readonly message?: string;
  readonly bytes: Bytes;
  readonly estimatedSeconds: number;
}

/** A folder that may not be entered hides whether there is one. */
const MISSING = 'An input is a readable file; none is to be seen there. Check the path and its permissions.';

/** @param plan with all that was found, whatever exists */
export async function dryRun(command: string, plan: Plan, existing: Existing): Promise<DryRun> {
  const clashes = new Map((await clashesOf(plan.files)).map(({ file, message }) => [file, message]));
  const found = await look(plan.files);
  const steps = plan.files.map((file, at): Step => {
    const { input, output, bytes, estimatedSeconds } = file;
    const step = { input, output, bytes, estimatedSeconds };
    const refuse = (reason: Step['reason'], code: string, message: string): Step => {
      return { ...step, action: 'refuse', reason, code, message };
    };
    const clash = clashes.get(file);
    if (clash !== undefined) return refuse('clash', 'ERR_OUTPUT_CLASH', clash);
    const decision = output === null ? 'read' : decide(existing, found[at]);
    if (decision === 'exists' || decision === 'notNewer')
      return { ...step, action: 'skip', reason: decision };
    if (decision === 'refuse') {
      const { code, message } = outputExists(output as string);
      return refuse('exists', code, message);
    }
    if (found[at].inputNs === null) return refuse('missing', 'ERR_AUDIO_OPEN', MISSING);
    return { ...step, action: decision, reason: null };
  });
  const unknown = { output: null, bytes: 0, estimatedSeconds: 0 };
  const unreadable = plan.unreadable.map(({ folder, reason }): Step => {
    const told = { code: 'ERR_AUDIO_OPEN', message: unreadableText(reason) };
    return { input: folder, ...unknown, action: 'refuse', reason: 'unreadable', ...told };
  });
  const skipped = plan.skipped.map(({ input, output, reason }): Step => {
    return { input, ...unknown, output, action: 'skip', reason };
  });
  const all = [...unreadable, ...steps, ...skipped];
  const refused = all.filter(({ action }) => action === 'refuse').length;
  const skips = countSkips(
    all.flatMap(({ action, reason }) => (action === 'skip' ? [reason as SkipReason] : [])),
  );
  const left = totalOf(skips);
  const total = all.length - left;
  return {
    schema: 'millpond.plan/1',
    command,
    files: { total, planned: clashes.size > 0 ? 0 : total - refused, refused, skipped: left },
    skipped: skips,
    plan: [
      ...all.filter(({ action }) => action !== 'skip'),
      ...all.filter(({ action }) => action === 'skip'),
    ],
  };
}

/** A line for each file, and a last one that sums them up. */
export function formatDryRun({ files, skipped, plan }: DryRun): string {
  const lines = plan.map(({ input, output, action, reason, message, code }) => {
    const what = output === null ? shown(input) : `${shown(input)} -> ${shown(output)}`;
    const why = action === 'skip' ? SKIP_TEXTS[reason as SkipReason] : message && `${message} (${code})`;
    return `${action.padEnd(8)} ${what}${why === undefined ? '' : `: ${escaped(why)}`}`;
  });
  const rest = [files.refused > 0 && `${files.refused} refused`, formatSkips(skipped)].filter(Boolean);
  const clash = plan.some(({ reason: why }) => why === 'clash') ? ' (a clash refuses all)' : '';
  const all = `${files.planned} of ${files.total} would be done${clash}`;
  return `${[...lines, [all, ...rest].join(', ')].join('\n')}\n`;
}

/** Lines for those that are refused, as failures are told. */
export function formatRefusals({ plan }: DryRun): string[] {
  return plan.flatMap(({ action, input, message = '', code }) =>
    action === 'refuse' ? [`refused: ${shown(input)}: ${escaped(message)} (${code})`] : [],
  );
}
