/**
 * How scarce memory is now, and for how long each level lasted. Owned by the regulator, on the main thread.
 * Invariant: the seconds at all levels add up to the time that was observed.
 */
import type { ProcessMemory } from '../machine/process-memory.ts';
import {
  CALM,
  levelOf,
  nextPressure,
  PRESSURE_LEVELS,
  type PressureLevel,
  type PressureState,
  spend,
} from './pressure.ts';

/**
 * How long pressure of process memory alone may act before it has to rise again to count: RSS does not follow
 * every free.
 */
const PROCESS_PATIENCE_MS = 5000;

export class PressureWatch {
  readonly #seconds: Record<PressureLevel, number> = { nominal: 0, elevated: 0, high: 0, critical: 0 };
  #state: PressureState = CALM;
  #memory: ProcessMemory;
  /** Since when process memory has had its level. */
  #processSinceMs: number;
  #countedMs: number;
  /** When each level was last reached from below. */
  readonly #reachedMs: number[];

  constructor(memory: ProcessMemory, nowMs: number) {
    this.#memory = memory;
    this.#processSinceMs = nowMs;
    this.#countedMs = nowMs;
    this.#reachedMs = PRESSURE_LEVELS.map(() => nowMs);
  }

  get state(): PressureState {
    return this.#state;
  }

  get level(): PressureLevel {
    return levelOf(this.#state);
  }

  get memory(): ProcessMemory {
    return this.#memory;
  }

  get secondsAtLevel(): Record<PressureLevel, number> {
    return { ...this.#seconds };
  }

  /** For how long pressure has been at its level or above, without a break. */
  heldSeconds(nowMs: number): number {
    return (nowMs - this.#reachedMs[PRESSURE_LEVELS.indexOf(this.level)]) / 1000;
  }

  /** Adds time at the current level. */
  count(nowMs: number): void {
    this.#seconds[this.level] += (nowMs - this.#countedMs) / 1000;
    this.#countedMs = nowMs;
  }

  /** One look; `ledgerShare` is of the budget. */
  look(nowMs: number, ledgerShare: number, memory: ProcessMemory): void {
    this.#memory = memory;
    const from = PRESSURE_LEVELS.indexOf(this.level);
    const before = this.#state.process;
    this.#state = nextPressure(this.#state, { ledgerShare, processShare: memory.share });
    if (this.#state.process !== before) this.#processSinceMs = nowMs;
    const lasted = nowMs - this.#processSinceMs >= PROCESS_PATIENCE_MS;
    if (lasted && this.#state.process !== 'nominal') this.spend();
    this.#reachedMs.fill(nowMs, from + 1, PRESSURE_LEVELS.indexOf(this.level) + 1);
  }

  /** Process memory is spent. */
  spend(): void {
    if (this.#memory.share !== null) this.#state = spend(this.#state, this.#memory.share);
  }
}
