/**
 * How much of the cores this process takes, which its work then lacks. Owned by the service, on the front
 * process's thread.
 */

/** What was read less than this ago is still so. */
const SPAN_MS = 1000;

export class OwnCores {
  readonly #readMs: () => number;
  #fromMs: number;
  #usedMs: number;
  #cores = 0;

  /** @param readMs processor time of this process until now */
  constructor(readMs: () => number, nowMs: number) {
    this.#readMs = readMs;
    this.#fromMs = nowMs;
    this.#usedMs = readMs();
  }

  /** Of the time since it was looked at before, at least a second. */
  at(nowMs: number): number {
    const passedMs = nowMs - this.#fromMs;
    if (passedMs >= SPAN_MS) {
      const usedMs = this.#readMs();
      this.#cores = (usedMs - this.#usedMs) / passedMs;
      this.#usedMs = usedMs;
      this.#fromMs = nowMs;
    }
    return this.#cores;
  }
}

export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
