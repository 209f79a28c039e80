/** What is done where an output exists: the rule, which is pure, and the looks at the files that it needs. */
import { lstat, stat } from 'node:fs/promises';
import { systemPath } from '../files/byte-paths.ts';
import { inChunks } from '../files/in-chunks.ts';
import type { Plan, PlannedFile, SkippedFile } from './plan.ts';

/**
 * What becomes of a file whose output exists: it is done and replaces that; it is skipped; it is done if it
 * is newer, else skipped; it fails.
 */
export type Existing = 'replace' | 'skip' | 'newer' | 'refuse';

/** What is there of a file; times that nobody asked for are null. */
interface Found {
  /** When the input was last changed, in nanoseconds; null where it is missing. */
  readonly inputNs: bigint | null;
  /** Something has the output's name, be it a link that leads nowhere. */
  readonly outputExists: boolean;
  /** When the output was last changed, links followed; null where it is missing or no file. */
  readonly outputNs: bigint | null;
}

type Decision = 'create' | 'replace' | 'exists' | 'notNewer' | 'refuse';

/** A missing input is done: it fails by itself. */
export function decide(existing: Existing, { inputNs, outputExists, outputNs }: Found): Decision {
  if (!outputExists) return 'create';
  if (existing === 'skip') return 'exists';
  if (existing === 'refuse') return 'refuse';
  const isUpToDate = inputNs !== null && outputNs !== null && inputNs <= outputNs;
  return existing === 'newer' && isUpToDate ? 'notNewer' : 'replace';
}

/** @param times whether anybody asks when files were changed: each is a question to the file system */
export function look(files: readonly PlannedFile[], times = true): Promise<Found[]> {
  return inChunks(files, async ({ input, output }): Promise<Found> => {
    const [inputNs, entry] = await Promise.all([
      times ? changedNs(input, false) : null,
      output === null ? null : lstat(systemPath(output)).catch(() => null),
    ]);
    const outputExists = entry !== null;
    const outputNs = times && outputExists ? await changedNs(output as string, true) : null;
    return { inputNs, outputExists, outputNs };
  });
}

async function changedNs(path: string, filesOnly: boolean): Promise<bigint | null> {
  const info = await stat(systemPath(path), { bigint: true }).catch(() => null);
  return info === null || (filesOnly && !info.isFile()) ? null : info.mtimeNs;
}

/** The plan with what the rule leaves out among what is skipped or refused. */
export async function withoutExisting(plan: Plan, existing: Existing): Promise<Plan> {
  if (existing === 'replace') return plan;
  const found = await look(plan.files, existing === 'newer');
  const files: PlannedFile[] = [];
  const skipped: SkippedFile[] = [...plan.skipped];
  const refused: PlannedFile[] = [];
  for (const [at, file] of plan.files.entries()) {
    const decision = decide(existing, found[at]);
    if (decision === 'exists' || decision === 'notNewer') {
      skipped.push({ input: file.input, output: file.output, reason: decision });
    } else if (decision === 'refuse') refused.push(file);
    else files.push(file);
  }
  return { ...plan, files, skipped, refused };
}
