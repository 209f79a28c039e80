/** A listing to its end, in what became of the files. */
import { decisionsOf } from '../../src/batch/listing.ts';
import type { Outputs, PlannedFile, Refusal, SkippedFile } from '../../src/batch/plan.ts';

type Inputs = Parameters<typeof decisionsOf>[0]['inputs'];

interface Listed {
  /** In the order in which they may begin. */
  readonly files: readonly PlannedFile[];
  readonly skipped: readonly SkippedFile[];
  readonly refused: readonly (Refusal & { readonly file: PlannedFile })[];
}

export async function listed(
  inputs: Inputs | readonly string[],
  outputs: Outputs | null,
  options: Partial<Parameters<typeof decisionsOf>[0]> = {},
): Promise<Listed> {
  const files: PlannedFile[] = [];
  const skipped: SkippedFile[] = [];
  const refused: (Refusal & { file: PlannedFile })[] = [];
  const { signal } = new AbortController();
  const named = Array.isArray(inputs) ? [inputs] : (inputs as Inputs);
  for await (const some of decisionsOf({ inputs: named, outputs, signal, ...options })) {
    for (const decision of some) {
      if (decision.to === 'do') files.push(decision.file);
      else if (decision.to === 'skip') skipped.push(decision.file);
      else if (decision.to === 'refuse') refused.push({ file: decision.file, ...decision.refusal });
    }
  }
  return { files, skipped, refused };
}
