/** How a page that is over leaves its host: with results, or back to the queue. Holds nothing. */
import type { Broker, Delivery } from './broker.ts';
import type { HeldPage } from './held-page.ts';
import type { HostClock, HostEvent } from './host-events.ts';
import { pageKey } from './page.ts';
import { summaryOf } from './result-lines.ts';

interface LeaveParts {
  readonly broker: Broker;
  readonly clock: HostClock;
  say(event: HostEvent): void;
}

interface Left {
  /** `nowhere`: its lock was lost before. */
  readonly to: 'ended' | 'back' | 'nowhere';
  /** What kept its results from being written. */
  readonly error?: Error;
}

/** Rejects never. */
export async function leavePage(
  parts: LeaveParts,
  page: HeldPage,
  about: { readonly page: string; readonly host: string; readonly engine: string },
): Promise<Left> {
  const { broker, clock, say } = parts;
  const { delivery, store, attempt, files, startedMs } = page.parts;
  try {
    if (page.isWhole) {
      const { lines } = page;
      const times = { deaths: attempt.deaths, startedMs, endedMs: clock.wallMs() };
      const estimatedSeconds = files.reduce((sum, file) => sum + file.estimatedSeconds, 0);
      const summary = summaryOf(lines, { ...about, ...times, estimatedSeconds });
      await store.putResult(delivery.ref, { summary, lines });
      // If the broker does not hear of it, whoever gets the page next finds its results.
      await broker.done(delivery).catch(() => {});
      say({ event: 'ended', batch: delivery.batch, page: about.page, summary });
      return { to: 'ended' };
    }
    await goBack();
    return { to: page.isLost ? 'nowhere' : 'back' };
  } catch (error) {
    await goBack();
    return { to: 'back', error: error as Error };
  }

  async function goBack(): Promise<void> {
    // It may be that nothing can be written now: then it looks as if this host had died.
    await attempt.gaveBack().catch(() => {});
    if (!page.isLost) await giveBack(parts, delivery);
  }
}

export async function giveBack({ broker, say }: LeaveParts, delivery: Delivery): Promise<void> {
  say({ event: 'back', batch: delivery.batch, page: pageKey(delivery.ref) });
  // If the broker does not hear of it, the lock ends by itself.
  await broker.giveBack(delivery).catch(() => {});
}
