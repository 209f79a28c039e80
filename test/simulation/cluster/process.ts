/** A simulated process: what it waits for comes while it lives, and later where it is stopped. */
import type { HostClock } from '../../../src/cluster/host-events.ts';
import type { VirtualTime } from './virtual-time.ts';

export class SimulatedProcess {
  readonly #time: VirtualTime;
  #isAlive = true;
  #isStopped = false;
  #late: (() => void)[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  readonly clock: HostClock = {
    nowMs: () => this.#time.nowMs,
    wallMs: () => this.#time.nowMs,
    after: (ms, action) => {
      let isEnded = false;
      const callOff = this.after(ms, () => {
        if (!isEnded) action();
      });
      return () => {
        isEnded = true;
        callOff();
      };
    },
  };

  /** @returns calls it off, unless it has come while this process was stopped */
  after(ms: number, action: () => void): () => void {
    return this.#time.at(this.#time.nowMs + ms, () => this.#come(action));
  }

  /** @returns after so many ms, with what is so then */
  takes<Value>(ms: number, value: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.after(ms, () => {
        try {
          resolve(value());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  kill(): void {
    this.#isAlive = false;
    this.#late = [];
  }

  stop(forMs: number): void {
    this.#isStopped = true;
    this.#time.at(this.#time.nowMs + forMs, () => {
      this.#isStopped = false;
      const late = this.#late;
      this.#late = [];
      for (const action of late) this.#come(action);
    });
  }

  #come(action: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isStopped) this.#late.push(action);
    else action();
  }
}
