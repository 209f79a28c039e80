/**
 * From a page that was taken to one that is held: what is known of its files is read, and one that hosts die
 * of is split. Holds nothing.
 */
import type { Broker, Delivery } from './broker.ts';
import type { Fence } from './fence.ts';
import { HeldPage, SPLIT_AFTER } from './held-page.ts';
import type { HostClock, HostEvent } from './host-events.ts';
import type { KnownBatch } from './known-batches.ts';
import type { FileMaker } from './make-file.ts';
import { halves, type PageRef, pageKey } from './page.ts';
import type { FileOutcome, Store } from './store.ts';

interface StartParts {
  readonly broker: Broker;
  readonly maker: FileMaker;
  readonly clock: HostClock;
  say(event: HostEvent): void;
}

/** Null where nothing of it is to be done here. Throws where the store cannot be read or written. */
export async function startPage(
  { broker, maker, clock, say }: StartParts,
  { store, record, announced }: KnownBatch,
  delivery: Delivery,
  fence: Fence,
): Promise<HeldPage | null> {
  const { ref, token, batch } = delivery;
  if (!(await isOfBatch(store, ref))) {
    await broker.done(delivery);
    return null;
  }
  const all = await store.files(ref);
  const { from, to } = ref.part ?? { from: 0, to: all.length };
  const files = all.slice(from, to);
  const attempt = await store.begin(ref, token);
  try {
    // Asked when this one is there to be seen: who ends the page meanwhile clears it away with all others.
    if (await store.hasResult(ref)) {
      await store.clear(ref);
      await broker.done(delivery);
      return null;
    }
    const known: FileOutcome[] = [];
    for (const outcome of attempt.known.values()) {
      const isOurs = outcome.at >= from && outcome.at < to;
      if (isOurs && (await maker.isThere(outcome.line))) known.push(outcome);
    }
    if (attempt.deaths < SPLIT_AFTER || files.length === 1) {
      const parts = { delivery, fence, store, record, attempt, files, from, known };
      return new HeldPage({ ...parts, folder: announced.folder, startedMs: clock.wallMs() });
    }
    // Nobody else's files are to wait for the one that hosts die of.
    const parts = halves(ref, all.length);
    for (const half of parts) {
      const first = await store.begin(half, `${token}:split`);
      for (const outcome of known) await first.ended(outcome);
      await first.gaveBack();
    }
    await store.split(ref);
    await broker.put(batch, parts);
    await broker.done(delivery);
    say({ event: 'split', batch, page: pageKey(ref) });
    return null;
  } catch (error) {
    await attempt.gaveBack().catch(() => {});
    throw error;
  }
}

/** False for what somebody else has put into the queue. Where the batch itself is not to be seen: true. */
async function isOfBatch(store: Store, { round, page, part }: PageRef): Promise<boolean> {
  const totals = await store.totals(round);
  if (totals === null) return (await store.record()) === null;
  if (page >= totals.pages) return false;
  if (part === undefined) return true;
  const { files } = await store.entry({ round, page });
  return part.from < part.to && part.to <= files;
}
