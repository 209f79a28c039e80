/**
 * An emergency and all that it does. Owned by the regulator, on the main thread.
 * Invariant: while one goes on, and only then, the ledger's critical word is set, quotas are dropped, and new
 * tasks are held where that helps.
 */

import { type Bytes, KiB } from '../bytes.ts';
import {
  DEFAULT_EMERGENCY,
  type EmergencyInput,
  type EmergencyPolicy,
  type EmergencyState,
  NO_EMERGENCY,
  nextEmergency,
} from './emergency.ts';
import type { RegulatedAdmission, RegulatedLedger, RegulatedMemory } from './ports.ts';
import { DEFAULT_PRESSURE } from './pressure.ts';

/** The result of one look; bytes are those that shards were asked to free. */
export type EmergencyChange =
  | { readonly kind: 'started'; readonly bytes: Bytes }
  | {
      readonly kind: 'ended';
      /** Pressure has fallen; else its time was over. */
      readonly recovered: boolean;
      readonly milliseconds: number;
      readonly recoveredBytes: Bytes;
    };

export class EmergencyControl {
  readonly #coordinator: RegulatedMemory;
  readonly #admission: RegulatedAdmission;
  readonly #policy: EmergencyPolicy;
  #state: EmergencyState = NO_EMERGENCY;
  #usedBytes: Bytes = 0;
  #started = 0;
  #recovered = 0;

  constructor(ledger: RegulatedLedger, coordinator: RegulatedMemory, admission: RegulatedAdmission) {
    this.#coordinator = coordinator;
    this.#admission = admission;
    this.#policy = { ...DEFAULT_EMERGENCY, budgetBytes: ledger.limitKib * KiB };
  }

  get active(): boolean {
    return this.#state.active;
  }

  /**
   * `outsideShare`: of the budget, what is held outside of tasks. Where that alone is critical, holding tasks
   * does not help.
   */
  look(input: EmergencyInput, usedBytes: Bytes, outsideShare: number): EmergencyChange | null {
    const { sinceMs } = this.#state;
    const { state, change } = nextEmergency(this.#state, input, this.#policy);
    this.#state = state;
    if (change === 'start') {
      this.#started++;
      this.#usedBytes = usedBytes;
      this.#coordinator.critical = true;
      this.#hold(outsideShare);
      return { kind: 'started', bytes: this.#coordinator.drain() * KiB };
    }
    if (change === 'end') {
      this.#undo();
      const recovered = input.pressure.ledger !== 'critical' && input.pressure.process !== 'critical';
      if (recovered) this.#recovered++;
      return {
        kind: 'ended',
        recovered,
        milliseconds: input.nowMs - (sinceMs ?? input.nowMs),
        recoveredBytes: Math.max(0, this.#usedBytes - usedBytes),
      };
    }
    // Quota that was under way when it began, and what came idle since.
    if (state.active) {
      this.#hold(outsideShare);
      this.#coordinator.drain();
    }
    return null;
  }

  /** Ends one that goes on, which has not recovered then. */
  close(): void {
    if (!this.#state.active) return;
    this.#state = { ...this.#state, active: false };
    this.#undo();
  }

  get counts(): { emergencies: number; recovered: number; recoverySuccessRate: number } {
    const ended = this.#started - Number(this.active);
    return {
      emergencies: this.#started,
      recovered: this.#recovered,
      recoverySuccessRate: ended === 0 ? 1 : this.#recovered / ended,
    };
  }

  #hold(outsideShare: number): void {
    this.#admission.hold(outsideShare < DEFAULT_PRESSURE.ledger.critical.exit);
  }

  #undo(): void {
    this.#coordinator.critical = false;
    this.#coordinator.cleanup.refill();
    this.#admission.hold(false);
  }
}
