import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  atLeast,
  CALM,
  DEFAULT_PRESSURE,
  levelOf,
  nextPressure,
  PRESSURE_LEVELS,
  type PressureLevel,
  type PressureState,
  spend,
} from '../../src/regulation/pressure.ts';

const ledger = (level: PressureLevel): PressureState => ({ ...CALM, ledger: level });
const look = (state: PressureState, ledgerShare: number, processShare: number | null = null) =>
  nextPressure(state, { ledgerShare, processShare });

describe('the level of the ledger', () => {
  it.each<[PressureLevel, number, PressureLevel]>([
    ['nominal', 0, 'nominal'],
    ['nominal', 0.7499, 'nominal'],
    ['nominal', 0.75, 'elevated'],
    ['nominal', 0.85, 'high'],
    ['nominal', 0.95, 'critical'],
    ['nominal', 1, 'critical'],
    ['elevated', 0.65, 'elevated'],
    ['elevated', 0.6499, 'nominal'],
    ['elevated', 0.8499, 'elevated'],
    ['elevated', 0.85, 'high'],
    ['high', 0.75, 'high'],
    ['high', 0.7499, 'elevated'],
    ['high', 0.6499, 'nominal'],
    ['high', 0.9499, 'high'],
    ['critical', 0.85, 'critical'],
    ['critical', 0.8499, 'high'],
    ['critical', 0.7499, 'elevated'],
    ['critical', 0.1, 'nominal'],
  ])('%s at a share of %d is %s next', (from, share, to) => {
    expect(look(ledger(from), share).ledger).toBe(to);
  });

  it('changes no more than once while the share moves by less than the marks are apart', () => {
    const share = fc.double({ min: 0.1, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(share, fc.array(fc.double({ min: 0, max: 0.099, noNaN: true })), (base, noise) => {
        let state = CALM;
        const levels = noise.map((more) => {
          state = look(state, base + more);
          return state.ledger;
        });
        const changes = levels.filter((level, at) => at > 0 && level !== levels[at - 1]);
        expect(changes.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('process memory', () => {
  it.each<[PressureLevel, number | null, PressureLevel]>([
    ['nominal', null, 'nominal'],
    ['nominal', 0.7999, 'nominal'],
    ['nominal', 0.8, 'elevated'],
    ['nominal', 0.94, 'critical'],
    ['critical', 0.88, 'critical'],
    ['critical', 0.8799, 'high'],
    ['elevated', 0.6999, 'nominal'],
    ['critical', null, 'nominal'],
  ])('has marks of its own: %s at a share of %s is %s next', (from, share, to) => {
    expect(look({ ...CALM, process: from }, 0, share).process).toBe(to);
  });

  it('counts beside the ledger, the higher of both', () => {
    expect(levelOf(look(CALM, 0.86, 0.81))).toBe('high');
    expect(levelOf(look(CALM, 0.76, 0.95))).toBe('critical');
  });

  it('is nominal once spent, however long it stays', () => {
    let state = spend(look(CALM, 0.5, 0.96), 0.96);
    for (const share of [0.96, 0.95, 0.7, 0.97, 0.98]) {
      state = look(state, 0.5, share);
      expect([state.process, state.spentShare]).toEqual(['nominal', 0.96]);
    }
  });

  it('counts anew when it has risen', () => {
    const state = look(spend(CALM, 0.9), 0.5, 0.9201);
    expect([state.process, state.spentShare]).toEqual(['high', null]);
  });

  it('stays spent through looks at which it cannot be read', () => {
    const unread = look(spend(CALM, 0.96), 0.5, null);
    expect(unread).toMatchObject({ process: 'nominal', spentShare: 0.96 });
    expect(look(unread, 0.5, 0.97).process).toBe('nominal');
  });

  it('counts anew after it was below its lowest exit mark', () => {
    const fallen = look(spend(CALM, 0.9), 0.5, 0.6999);
    expect([fallen.process, fallen.spentShare]).toEqual(['nominal', null]);
    expect(look(fallen, 0.5, 0.85).process).toBe('elevated');
  });

  it('leaves the ledger alone when it is spent', () => {
    expect(levelOf(spend(look(CALM, 0.96, 0.96), 0.96))).toBe('critical');
    expect(look(spend(CALM, 0.96), 0.96, 0.96).ledger).toBe('critical');
  });
});

it('orders levels, each at least itself and all below', () => {
  const order = PRESSURE_LEVELS.map(
    (level) => PRESSURE_LEVELS.filter((other) => atLeast(level, other)).length,
  );
  expect(order).toEqual([1, 2, 3, 4]);
});

it('has exits below enters, and marks that rise', () => {
  for (const { elevated, high, critical } of [DEFAULT_PRESSURE.ledger, DEFAULT_PRESSURE.process]) {
    expect([elevated, high, critical].every(({ enter, exit }) => exit < enter)).toBe(true);
    expect([elevated.enter, high.enter, critical.enter]).toEqual(
      [elevated.enter, high.enter, critical.enter].toSorted(),
    );
  }
});
