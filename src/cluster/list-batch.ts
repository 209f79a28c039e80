/**
 * Makes the list of a batch's files, as pages, from what was named when it was submitted. One file after the
 * other: what is held are names that were claimed, not the list.
 */
import { createReadStream } from 'node:fs';
import { relative } from 'node:path';
import { endedOf } from '../batch/endings.ts';
import { existingRule } from '../batch/existing.ts';
import { decisionsOf } from '../batch/listing.ts';
import { namesIn } from '../batch/name-list.ts';
import type { Decision, PlannedFile } from '../batch/plan.ts';
import { resultLine } from '../batch/results.ts';
import { selection } from '../batch/selection.ts';
import { areOneName } from '../files/alike-names.ts';
import { systemPath } from '../files/byte-paths.ts';
import { keptPath } from './cluster-folder.ts';
import { type ManifestFile, Planner, predictedSeconds } from './planner.ts';
import type { BatchRecord, ListOutput, ListSpec, ListTotals, Store } from './store.ts';

/** So memory is the same for any number of files: some 100 MB. */
const MOST_NAMES = 400_000;

export interface BatchToList {
  readonly store: Store;
  /** Of the outputs. */
  readonly folder: string;
  readonly record: BatchRecord;
  readonly signal: AbortSignal;
  /** Hears of each page how many files were listed. */
  readonly listed?: (files: number) => void;
}

/** @throws MillpondError as {@link decisionsOf} */
export function listBatch(batch: BatchToList): Promise<ListTotals> {
  return batch.store.writeList(0, (out) => write(out, batch));
}

async function write(
  out: ListOutput,
  { folder, record: { list, extension, page: size }, signal, listed }: BatchToList,
): Promise<{ readonly skipped: number }> {
  const decisions = decisionsOf({
    inputs: named(folder, list),
    outputs: { folder, extension, base: list.base ?? undefined },
    selection: selection(list.include, list.exclude),
    others: list.others,
    rules: [existingRule(list.existing)],
    areOneName,
    mostNames: MOST_NAMES,
    signal,
  });
  let skipped = 0;
  await writePages(
    out,
    size,
    filesOf(decisions, folder, async (decision) => {
      if (decision.to === 'skip') skipped++;
      else if (decision.to === 'refuse') await out.refused(refusedLine(decision.file, decision.refusal));
    }),
    listed,
  );
  signal.throwIfAborted();
  return { skipped };
}

/** Cuts files into pages as they come. */
export async function writePages(
  out: ListOutput,
  size: BatchRecord['page'],
  files: AsyncIterable<ManifestFile>,
  listed: (files: number) => void = () => {},
): Promise<void> {
  const planner = new Planner(size);
  let count = 0;
  const write = async (page: readonly ManifestFile[] | null): Promise<void> => {
    if (page === null) return;
    count += page.length;
    listed(count);
    await out.page(
      page,
      page.reduce((sum, file) => sum + predictedSeconds(file), 0),
    );
  };
  for await (const file of files) await write(planner.add(file));
  await write(planner.end());
}

async function* filesOf(
  decisions: AsyncIterable<readonly Decision[]>,
  folder: string,
  leftOut: (decision: Decision) => Promise<void>,
): AsyncGenerator<ManifestFile> {
  for await (const some of decisions) {
    for (const decision of some) {
      // One that waits comes again, when all inputs are known.
      if (decision.to !== 'do') await leftOut(decision);
      else {
        const { input, output, bytes, estimatedSeconds, isOther = false } = decision.file;
        const replaces = decision.found.output !== null;
        yield {
          input,
          output: relative(folder, output as string),
          bytes,
          estimatedSeconds,
          replaces,
          isOther,
        };
      }
    }
  }
}

async function* named(folder: string, list: ListSpec): AsyncGenerator<readonly string[]> {
  if (list.inputs.length > 0) yield list.inputs;
  for (const digest of list.lists) {
    yield* namesIn(createReadStream(systemPath(keptPath(folder, 'lists', digest))), list.separator);
  }
}

function refusedLine(file: PlannedFile, { code, message }: { code: string; message: string }): string {
  return resultLine({ ...endedOf(file), state: 'failed', code, message, callMs: null });
}
