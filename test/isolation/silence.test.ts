import { expect, it } from 'vitest';
import { ROUND_MS, Silence } from '../../src/isolation/silence.ts';

class Process {
  isAsked = false;
  look(): void {
    this.isAsked = true;
  }
}

function roundsUntilSilent(answers: (round: number) => boolean, lateAt = -1): number | null {
  const silence = new Silence<Process>();
  const process = new Process();
  let nowMs = 0;
  for (let round = 0; round < 100; round++) {
    nowMs += round === lateAt ? 3600_000 : ROUND_MS;
    if (silence.round([process], nowMs).length > 0) return round;
    if (answers(round)) process.isAsked = false;
  }
  return null;
}

it('a process that does not answer for a minute is silent', () => {
  expect((roundsUntilSilent(() => false) as number) * ROUND_MS).toBeGreaterThan(60_000);
  expect((roundsUntilSilent(() => false) as number) * ROUND_MS).toBeLessThan(80_000);
});

it('one that answers late, but in time, is not', () => {
  expect(roundsUntilSilent((round) => round % 12 === 11)).toBe(null);
});

it('has all of its time where the machine slept', () => {
  const awake = roundsUntilSilent(() => false) as number;
  expect(roundsUntilSilent(() => false, 10)).toBe(awake + 10);
});
