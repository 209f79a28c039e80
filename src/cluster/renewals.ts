/**
 * Renews the locks of a host's pages, three times in each lock's time, beside its work: by timers of a thread
 * that does nothing long. Owns the timer and the question that is open; main thread of the host.
 */
import type { Broker } from './broker.ts';
import type { HeldPage } from './held-page.ts';
import type { HostClock } from './host-events.ts';

interface RenewalParts {
  readonly broker: Broker;
  readonly clock: HostClock;
  pages(): readonly HeldPage[];
  /** Its lock is another's now, or nobody's. */
  lost(page: HeldPage): void;
  failed(error: Error): void;
  /** Something may go on. */
  changed(): void;
}

const TIMES = 3;

export class Renewals {
  readonly #parts: RenewalParts;
  #isAsking = false;
  #stop: () => void = () => {};

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  start(): void {
    const { broker, clock } = this.#parts;
    this.#stop = clock.after(broker.lockMs / TIMES, () => {
      this.start();
      void this.#renew();
    });
  }

  stop(): void {
    this.#stop();
  }

  /** One question at a time: when the broker is away, there is no use in more. */
  async #renew(): Promise<void> {
    const { broker, clock, lost, failed, changed } = this.#parts;
    const pages = this.#parts.pages().filter(({ isLost }) => !isLost);
    if (this.#isAsking || pages.length === 0) return;
    this.#isAsking = true;
    const sentMs = clock.nowMs();
    try {
      const gone = new Set(await broker.renew(pages.map(({ parts }) => parts.delivery)));
      for (const page of pages) {
        const { delivery, fence } = page.parts;
        if (!gone.has(delivery)) fence.renewed(sentMs);
        // One that has left meanwhile was not lost.
        else if (!page.isLeaving) {
          page.isLost = true;
          lost(page);
        }
      }
    } catch (error) {
      failed(error as Error);
    } finally {
      this.#isAsking = false;
      changed();
    }
  }
}
