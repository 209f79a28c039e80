/** `millpond cluster cancel`, `retry` and `repair`. */
import type { Broker } from '../cluster/broker.ts';
import { FolderStore } from '../cluster/folder-store.ts';
import { listBatch } from '../cluster/list-batch.ts';
import { enqueueMissing } from '../cluster/missing.ts';
import { retry } from '../cluster/retry.ts';
import type { BatchRecord } from '../cluster/store.ts';
import { announcementOf } from '../cluster/submit.ts';
import { type BrokerOptions, batchesOf, connect } from './cluster-options.ts';

export interface ChangeOptions extends BrokerOptions {
  out?: string;
}

interface Changed {
  readonly id: string;
  readonly folder: string;
  readonly store: FolderStore;
  readonly broker: Broker;
}

/** In the order in which they are listed. */
const CHANGES = {
  async cancel({ id, store, broker }: Changed): Promise<string> {
    const state = await store.state();
    if (state !== 'open') return `${state} already`;
    await store.mark('cancelled');
    await broker.forget(id);
    return 'cancelled';
  },

  async retry({ id, folder, store, broker }: Changed): Promise<string> {
    const files = await retry(store);
    if (files === 0) return 'nothing has failed that could be tried again';
    await store.mark('open');
    await broker.announce(announcementOf((await store.record()) as BatchRecord, folder));
    await enqueueMissing(store, broker, id);
    return files === 1 ? '1 file is tried again' : `${files} files are tried again`;
  },

  async repair({ id, folder, store, broker }: Changed): Promise<string> {
    if ((await store.state()) === 'cancelled') return 'cancelled';
    const record = (await store.record()) as BatchRecord;
    if ((await store.totals(0)) === null) {
      await listBatch({ store, folder, record, signal: new AbortController().signal });
    }
    const { pages, missing } = await enqueueMissing(store, broker, id);
    if (missing === 0) return `all ${pages} pages have results`;
    await store.mark('open');
    await broker.announce(announcementOf(record, folder));
    return `${missing} of ${pages} pages have no results, and are in the queue`;
  },
} as const;

export async function change(
  name: keyof typeof CHANGES,
  given: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  const { folder, ids } = await batchesOf(options.out, given);
  await using broker = await connect(options);
  for (const id of ids) {
    const store = new FolderStore(folder, id);
    process.stdout.write(`${id}  ${await CHANGES[name]({ id, folder, store, broker })}\n`);
  }
}
