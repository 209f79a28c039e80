/**
 * When what is idle is freed and new work is held back. Critical pressure by either measure starts it. The
 * ledger alone ends it, well below where it starts; process memory, which may not follow what was freed,
 * prolongs none. After its end none starts for a refractory time, which doubles when the next one comes soon,
 * so that a load that is simply too large for its budget does not switch admission on and off all the time.
 * Pure.
 */

import type { Bytes } from '../bytes.ts';
import type { PressureState } from './pressure.ts';

export interface EmergencyPolicy {
  readonly budgetBytes: Bytes;
  /** It lasts at least so long: every shard has to come by a safepoint. */
  readonly leastMs: number;
  /**
   * One of process memory alone ends when idle memory is at most this share of the budget: there is no more
   * to free.
   */
  readonly idleShare: number;
  /**
   * One of process memory alone ends after so long whatever is idle: a shard inside native code frees
   * nothing.
   */
  readonly mostProcessMs: number;
  /**
   * One of the ledger starts at this share of the budget, and below it ends after so long: then that is
   * simply what is used.
   */
  readonly criticalShare: number;
  readonly mostLedgerMs: number;
  /** From the end of one to the earliest start of the next, at first and at most. */
  readonly refractoryMs: number;
  readonly mostRefractoryMs: number;
  /**
   * The next one comes soon when it starts within so many refractory times; later ones find it halved for
   * each.
   */
  readonly soonFactor: number;
}

export const DEFAULT_EMERGENCY: Omit<EmergencyPolicy, 'budgetBytes'> = {
  leastMs: 1000,
  idleShare: 0.02,
  mostProcessMs: 5000,
  criticalShare: 0.95,
  mostLedgerMs: 30_000,
  refractoryMs: 2000,
  mostRefractoryMs: 600_000,
  soonFactor: 8,
};

export interface EmergencyState {
  readonly active: boolean;
  /** When it started; when it ended, while none goes on; null before the first. */
  readonly sinceMs: number | null;
  /** The ledger was critical at some time of this one: only a fallen ledger ends it. */
  readonly byLedger: boolean;
  /** From the end of this one on. */
  readonly refractoryMs: number;
}

export const NO_EMERGENCY: EmergencyState = {
  active: false,
  sinceMs: null,
  byLedger: false,
  refractoryMs: 0,
};

export interface EmergencyInput {
  readonly nowMs: number;
  readonly pressure: PressureState;
  /** The ledger's sum beside the budget. */
  readonly ledgerShare: number;
  /** Idle in all shards, but for what stays. */
  readonly idleBytes: Bytes;
}

/**
 * What starts or ends now. One that the ledger had a part in ends when the ledger is below the exit mark of
 * its critical level (0.85 of the budget by default, where it started at 0.95). Between the two marks it ends
 * after a bounded time: a process that really uses that much must not be blocked for ever.
 */
export function nextEmergency(
  state: EmergencyState,
  input: EmergencyInput,
  policy: EmergencyPolicy,
): { state: EmergencyState; change: 'start' | 'end' | null } {
  const { nowMs, pressure } = input;
  const ledgerCritical = pressure.ledger === 'critical';
  const sinceMs = state.sinceMs ?? Number.NEGATIVE_INFINITY;
  const went = nowMs - sinceMs;

  if (!state.active) {
    const byLedger = ledgerCritical && input.ledgerShare >= policy.criticalShare;
    if (!byLedger && pressure.process !== 'critical') return { state, change: null };
    if (went < state.refractoryMs) return { state, change: null };
    const refractoryMs = nextRefractory(state.refractoryMs, went, policy);
    return {
      state: { active: true, sinceMs: nowMs, byLedger, refractoryMs },
      change: 'start',
    };
  }

  const byLedger = state.byLedger || ledgerCritical;
  const relieved = byLedger
    ? !ledgerCritical || (went >= policy.mostLedgerMs && input.ledgerShare < policy.criticalShare)
    : went >= policy.mostProcessMs || input.idleBytes <= policy.idleShare * policy.budgetBytes;
  if (relieved && went >= policy.leastMs) {
    return { state: { ...state, active: false, sinceMs: nowMs, byLedger: false }, change: 'end' };
  }
  return { state: byLedger === state.byLedger ? state : { ...state, byLedger }, change: null };
}

/** Doubled when the last one ended a short while ago, else halved for each time that is longer than that. */
function nextRefractory(lastMs: number, quietMs: number, policy: EmergencyPolicy): number {
  const shortMs = policy.soonFactor * lastMs;
  const factor = quietMs <= shortMs ? 2 : 0.5 ** Math.floor(quietMs / Math.max(1, shortMs));
  return Math.min(policy.mostRefractoryMs, Math.max(policy.refractoryMs, lastMs * factor));
}
