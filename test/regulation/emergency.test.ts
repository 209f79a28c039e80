import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import {
  DEFAULT_EMERGENCY,
  type EmergencyInput,
  type EmergencyState,
  NO_EMERGENCY,
  nextEmergency,
} from '../../src/regulation/emergency.ts';
import { CALM, type PressureLevel } from '../../src/regulation/pressure.ts';

const policy = { ...DEFAULT_EMERGENCY, budgetBytes: 100 * MiB };
const calm: EmergencyInput = { nowMs: 0, pressure: CALM, ledgerShare: 0.5, idleBytes: 20 * MiB };
const SHARES = { nominal: 0.1, elevated: 0.8, high: 0.9, critical: 0.97 };
const levels = (ledger: PressureLevel, process: PressureLevel = 'nominal') => ({
  pressure: { ledger, process, spentShare: null },
  ledgerShare: SHARES[ledger],
});

function look(state: EmergencyState, input: Partial<EmergencyInput>) {
  return nextEmergency(state, { ...calm, ...input }, policy);
}

describe('an emergency', () => {
  it.each<[string, Partial<EmergencyInput>, 'start' | null]>([
    ['not at nominal', levels('nominal'), null],
    ['not at high', levels('high', 'high'), null],
    ['at a critical ledger', levels('critical'), 'start'],
    [
      'not where the ledger is critical still, and below its mark',
      { ...levels('critical'), ledgerShare: 0.94 },
      null,
    ],
    ['at the very mark', { ...levels('critical'), ledgerShare: 0.95 }, 'start'],
    ['at critical process memory', levels('nominal', 'critical'), 'start'],
  ])('starts %s', (_when, input, change) => {
    expect(look(NO_EMERGENCY, input).change).toBe(change);
  });

  const ofLedger = look(NO_EMERGENCY, levels('critical')).state;
  it.each<[string, Partial<EmergencyInput>, 'end' | null]>([
    ['goes on while the ledger is critical', { nowMs: 9000, ...levels('critical') }, null],
    ['goes on below its mark for a while', { nowMs: 29_999, ...levels('critical'), ledgerShare: 0.9 }, null],
    ['ends below its mark after that', { nowMs: 30_000, ...levels('critical'), ledgerShare: 0.9 }, 'end'],
    ['goes on at its mark', { nowMs: 30_000, ...levels('critical'), ledgerShare: 0.95 }, null],
    ['lasts its least time', { nowMs: 999, ...levels('nominal') }, null],
    ['ends when the ledger is elevated', { nowMs: 1000, ...levels('elevated') }, 'end'],
    ['ends with process memory still critical', { nowMs: 1000, ...levels('nominal', 'critical') }, 'end'],
    ['never ends for idle memory or time', { nowMs: 9e9, idleBytes: 0, ...levels('critical') }, null],
  ])('of the ledger %s', (_what, input, change) => {
    expect(look(ofLedger, input).change).toBe(change);
  });

  const ofProcess = look(NO_EMERGENCY, levels('nominal', 'critical')).state;
  it.each<[string, Partial<EmergencyInput>, 'end' | null]>([
    ['goes on while there is idle memory to free', { nowMs: 4999, ...levels('nominal', 'critical') }, null],
    [
      'ends when nothing idle is left',
      { nowMs: 1000, idleBytes: 2 * MiB, ...levels('nominal', 'critical') },
      'end',
    ],
    ['lasts its least time', { nowMs: 999, idleBytes: 0, ...levels('nominal', 'critical') }, null],
    ['ends after a bounded time', { nowMs: 5000, ...levels('high', 'critical') }, 'end'],
  ])('of process memory alone %s', (_what, input, change) => {
    expect(look(ofProcess, input).change).toBe(change);
  });

  it('of process memory becomes one of the ledger when that is critical meanwhile', () => {
    const both = look(ofProcess, { nowMs: 400, ...levels('critical', 'critical') }).state;
    expect(look(both, { nowMs: 9000, idleBytes: 0, ...levels('critical') }).change).toBe(null);
  });
});

describe('after an emergency', () => {
  /**
   * Starts as early as it may after `quietMs`, ends after a second; returns from the last end to this start.
   */
  function again(
    state: EmergencyState,
    fromMs: number,
    quietMs: number,
  ): { state: EmergencyState; wentMs: number } {
    let nowMs = fromMs + quietMs;
    for (; ; nowMs += 200) {
      const next = look(state, { nowMs, ...levels('critical') });
      if (next.change === 'start') {
        return { state: look(next.state, { nowMs: nowMs + 1000 }).state, wentMs: nowMs - fromMs };
      }
    }
  }

  it('none starts for a time that doubles while they follow each other', () => {
    let state = look(look(NO_EMERGENCY, levels('critical')).state, { nowMs: 1000 }).state;
    const waits: number[] = [];
    for (let count = 0; count < 12; count++) {
      const next = again(state, state.sinceMs ?? 0, 0);
      waits.push(next.wentMs);
      state = next.state;
    }
    expect(waits).toEqual(
      [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600].map((seconds) => seconds * 1000),
    );
  });

  it.each([
    ['halves after as many calm times as make one soon', 8.1, 32_000],
    ['forgets all of it after a long calm', 1000, 2000],
    ['doubles at the edge of soon', 8, 128_000],
  ])('that time %s', (_what, calmTimes, expected) => {
    const state: EmergencyState = { active: false, sinceMs: 0, byLedger: false, refractoryMs: 64_000 };
    expect(again(state, 0, calmTimes * 64_000).state.refractoryMs).toBe(expected);
  });
});
