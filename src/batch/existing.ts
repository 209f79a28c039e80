/** What is done where an output exists. Pure. */
import { outputExists } from '../files/whole-file.ts';
import type { Found, PlannedFile, Refusal, Rule } from './plan.ts';

/**
 * What becomes of a file whose output exists: it is done and replaces that; it is skipped; it is done if it
 * is newer, else skipped; it fails.
 */
export type Existing = 'replace' | 'skip' | 'newer' | 'refuse';

/** A missing input is done: it fails by itself. */
export function existingRule(existing: Existing): Rule {
  return (file, found) => {
    if (found.output === null || existing === 'replace') return 'do';
    if (existing === 'skip') return { skip: 'exists' };
    if (existing === 'refuse') return { refuse: refusalOf(file) };
    return isUpToDate(found) ? { skip: 'notNewer' } : 'do';
  };
}

function isUpToDate({ input, output }: Found): boolean {
  const [inputNs, outputNs] = [input?.changedNs ?? null, output?.changedNs ?? null];
  return inputNs !== null && outputNs !== null && inputNs <= outputNs;
}

function refusalOf({ output }: PlannedFile): Refusal {
  const { code, message } = outputExists(output as string);
  return { reason: 'exists', code, message };
}
