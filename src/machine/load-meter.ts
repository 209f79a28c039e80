/**
 * A load from two totals that only rise, such as busy and all time; pure.
 *
 * Owns the last totals and one smoothed value. Smoothing is exponential by time and not by sample, so that
 * samples may come as they like: after one time constant a step has come through to 63 %.
 */

/**
 * Loads are 0 to 1; null where this machine or Node does not tell. `raw` is over the last interval, the other
 * smoothed.
 */
export interface Load {
  readonly raw: number | null;
  readonly smoothed: number | null;
}

interface Totals {
  readonly busy: number;
  readonly all: number;
  readonly nowMs: number;
}

export class LoadMeter {
  readonly #smoothingMs: number;
  #last: Totals | null = null;
  #raw: number | null = null;
  #smoothed: number | null = null;
  #anew = false;

  constructor(smoothingMs: number) {
    this.#smoothingMs = smoothingMs;
  }

  /** 0 to 1. Null before the second sample. */
  get load(): Load {
    return { raw: this.#raw, smoothed: this.#smoothed };
  }

  get smoothed(): number | null {
    return this.#smoothed;
  }

  /**
   * The next sample is compared with nothing, and the load of the one after it is not smoothed: for a time
   * without samples, whose mean is no load of now. Until then the load stays as it was.
   */
  restart(): void {
    this.#last = null;
    this.#anew = true;
  }

  /**
   * `busy` and `all` in the same unit. No progress of `all` is no sample; a step back starts anew from there.
   */
  observe(busy: number, all: number, nowMs: number): void {
    if (!Number.isFinite(busy) || !Number.isFinite(all) || !Number.isFinite(nowMs)) return;
    const last = this.#last;
    if (last === null || busy < last.busy || all < last.all || nowMs < last.nowMs) {
      this.#last = { busy, all, nowMs };
      return;
    }
    if (all === last.all) return;
    this.#last = { busy, all, nowMs };
    // Over 1 only by the granularity of clocks, or by an answer that came late.
    const raw = Math.min(1, (busy - last.busy) / (all - last.all));
    const before = this.#anew ? raw : (this.#smoothed ?? raw);
    const weight = 1 - Math.exp((last.nowMs - nowMs) / this.#smoothingMs);
    this.#anew = false;
    this.#raw = raw;
    this.#smoothed = before + weight * (raw - before);
  }
}
