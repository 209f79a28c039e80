/** Makes a batch known: its record, its list, its pages in the queue. Each step may be repeated. */
import { createHash } from 'node:crypto';
import { sorted } from '../batch/journal/settings.ts';
import { ERROR_CODES, isMillpondError } from '../errors.ts';
import { wallMs } from '../timers.ts';
import type { Announcement, Broker } from './broker.ts';
import { FolderStore } from './folder-store.ts';
import { listBatch } from './list-batch.ts';
import { enqueueMissing } from './missing.ts';
import type { BatchRecord, BatchState, ListTotals } from './store.ts';

interface Submission extends Omit<BatchRecord, 'schema' | 'id' | 'submittedMs'> {
  /** Of the outputs: absolute, the same on every host. */
  readonly folder: string;
  /** Tells batches apart that are the same in all else. */
  readonly label: string;
  /** The list is left to a host. */
  readonly detach: boolean;
}

export interface Submitted {
  readonly id: string;
  /** As it was before. Null for a new one. */
  readonly before: BatchState | null;
}

/** The same batch has the same id, wherever and whenever it is submitted. */
function batchId({ folder, job, settings, extension, list, engine, label }: Submission): string {
  const parts = ['millpond.cluster/1', folder, job, sorted(settings), extension, list, engine, label];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

interface SubmitParts {
  readonly broker: Broker;
  /** Is told the id, and waited for, before anything else is done that takes time. */
  readonly known: (submitted: Submitted) => Promise<void>;
  /** As of a batch that is listed. */
  readonly listed?: (files: number) => void;
  readonly signal: AbortSignal;
}

/**
 * @returns what was listed; null where that is left to a host, or the batch is done
 * @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_NO_INPUT`, and what the listing of a batch throws; the
 * signal's reason
 */
export async function submit(
  submission: Submission,
  { broker, known, listed, signal }: SubmitParts,
): Promise<ListTotals | null> {
  const { folder, label: _label, detach, ...work } = submission;
  const id = batchId(submission);
  const store = new FolderStore(folder, id);
  const isNew = await store.create({
    schema: 'millpond.cluster/1',
    id,
    submittedMs: wallMs(),
    ...work,
  });
  const before = isNew ? null : await store.state();
  await known({ id, before });
  if (before === 'done') return null;
  if (before === 'cancelled') await store.mark('open');
  const record = (await store.record()) as BatchRecord;
  await broker.announce(announcementOf(record, folder));
  if (detach && (await store.totals(0)) === null) {
    await broker.put(id, [{ round: 0, page: 0, lists: true }]);
    return null;
  }
  let totals: ListTotals;
  try {
    totals = await listBatch({ store, folder, record, signal, ...(listed && { listed }) });
  } catch (error) {
    // What cannot be listed is no batch that hosts are to wait for; one that was interrupted is.
    if (isMillpondError(error) && !ERROR_CODES[error.code].retry) {
      await store.mark('cancelled');
      await broker.forget(id);
    }
    throw error;
  }
  await enqueueMissing(store, broker, id);
  return totals;
}

export function announcementOf(
  { id, weight, priority, submittedMs, engine }: BatchRecord,
  folder: string,
): Announcement {
  return { id, folder, weight, priority, submittedMs, engine };
}
