/** The list of a batch that was submitted without one: whoever takes that makes it. Holds nothing. */
import { ERROR_CODES, isMillpondError } from '../errors.ts';
import type { Broker, Delivery } from './broker.ts';
import type { HostClock, HostEvent } from './host-events.ts';
import type { KnownBatch } from './known-batches.ts';
import type { BatchToList } from './list-batch.ts';
import { enqueueMissing } from './missing.ts';
import { repeat } from './repeat.ts';
import type { ListTotals } from './store.ts';

interface ListParts {
  readonly broker: Broker;
  readonly clock: HostClock;
  list(batch: BatchToList): Promise<ListTotals>;
  say(event: HostEvent): void;
}

/** Of the lock's time, how often it is renewed. */
const RENEWED = 3;

/** Rejects never. Of what cannot be listed the batch ends. */
export async function makeList(
  { broker, clock, list, say }: ListParts,
  { store, record, announced, cancel }: KnownBatch,
  delivery: Delivery,
  drained: AbortSignal,
): Promise<void> {
  const { id, folder } = announced;
  using _renewals = repeat(clock, broker.lockMs / RENEWED, () => broker.renew([delivery]));
  try {
    await list({ store, folder, record, signal: AbortSignal.any([drained, cancel.signal]) });
    await enqueueMissing(store, broker, id);
    await broker.done(delivery);
  } catch (error) {
    if (!drained.aborted) say({ event: 'unlisted', batch: id, why: (error as Error).message });
    await leave(error).catch(() => {});
  }

  async function leave(error: unknown): Promise<void> {
    if (isMillpondError(error) && !ERROR_CODES[error.code].retry) {
      await store.mark('cancelled');
      await broker.forget(id);
    } else await broker.giveBack(delivery);
  }
}
