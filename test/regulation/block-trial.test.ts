import { describe, expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { DEFAULT_BLOCK_POLICY } from '../../src/regulation/block-state.ts';
import { gainOf, nextTrial, startTrial, type Trial, turnOf } from '../../src/regulation/block-trial.ts';
import { randomFrom } from './random.ts';

type Verdict = NonNullable<ReturnType<typeof nextTrial>['verdict']>;

const BASE = 64 * KiB;
const TRIED = 96 * KiB;
const TICK_MS = 200;

/** Plays a trial with work of so many bytes for each CPU second, by size in use, time and pair. */
function play(
  rate: (bytes: number, nowMs: number, pair: number) => number,
  policy = DEFAULT_BLOCK_POLICY,
  backed = false,
): { verdict: Verdict; trial: Trial; ms: number; turns: string } {
  let work = { nowMs: 0, processedBytes: 0, cpuSeconds: 0 };
  const sizes = { baseBytes: BASE, triedBytes: TRIED, backed };
  let trial = startTrial(sizes, work);
  let turns = 'A';
  for (;;) {
    const nowMs = work.nowMs + TICK_MS;
    const cpuSeconds = work.cpuSeconds + 0.4;
    work = {
      nowMs,
      cpuSeconds,
      processedBytes: work.processedBytes + 0.4 * rate(turnOf(trial), nowMs, trial.turns >> 1),
    };
    const next = nextTrial(trial, work, policy);
    if (next.verdict !== null) return { verdict: next.verdict, trial: next.trial, ms: nowMs, turns };
    if (next.trial.turns > trial.turns) turns += turnOf(next.trial) === BASE ? 'A' : 'B';
    trial = next.trial;
  }
}

const gaining = (gain: number) => (bytes: number) => (bytes === TRIED ? 1e6 * (1 + gain) : 1e6);

describe('a trial', () => {
  it.each<[string, number, Verdict, string]>([
    ['keeps a size that does a tenth more, in three pairs', 0.1, 'better', 'ABBAAB'],
    ['keeps one at the least gain', 0.0201, 'better', 'ABBAAB'],
    ['leaves one under it, in two pairs', 0.0199, 'no better', 'ABBA'],
    ['leaves one that does the same', 0, 'no better', 'ABBA'],
    ['leaves one that does less', -0.1, 'no better', 'ABBA'],
  ])('%s', (_what, gain, verdict, turns) => {
    const played = play(gaining(gain));
    expect([played.verdict, played.turns]).toEqual([verdict, turns]);
    expect(gainOf(played.trial)).toBeCloseTo(gain, 6);
  });

  it('takes about three seconds when the answer is plain', () => {
    expect(play(gaining(0.1)).ms).toBe(3000);
  });

  it('is not deceived by work that gets lighter or heavier all the time', () => {
    for (const drift of [1.0004, 0.9996]) {
      expect(play((_bytes, nowMs) => 1e6 * drift ** nowMs).verdict).not.toBe('better');
      expect(play((bytes, nowMs) => gaining(0.1)(bytes) * 1.00002 ** nowMs).verdict).toBe('better');
    }
  });

  it('does not count the first look after a switch', () => {
    let last = BASE;
    const slowAtFirst = (bytes: number): number => {
      const switched = bytes !== last;
      last = bytes;
      return switched ? 1 : gaining(0.1)(bytes);
    };
    expect(gainOf(play(slowAtFirst).trial)).toBeCloseTo(0.1, 6);
  });

  it('waits through turns without work, and fails when there is none for long', () => {
    // Work is reported once in a second.
    expect(play((bytes, nowMs) => (nowMs % 1000 === 0 ? 5 * gaining(0.2)(bytes) : 0)).verdict).toBe('better');
    const stopped = play((bytes, nowMs) => (nowMs < 1500 ? gaining(0.2)(bytes) : 0));
    expect(stopped.verdict).toBe('no work');
    expect(stopped.ms).toBeLessThanOrEqual(1500 + DEFAULT_BLOCK_POLICY.mostTurnMs + 2 * TICK_MS);
  });

  it('keeps no size that surely does more but less than is wanted', () => {
    const gains = [0.024, 0.014, 0.01];
    const played = play((bytes, _nowMs, pair) => gaining(gains[pair] ?? 0.01)(bytes));
    expect([played.verdict, played.trial.gains.length]).toEqual(['no better', 4]);
  });

  it.each<[string, number[], Verdict]>([
    ['that does the same', [0, 0], 'better'],
    ['that does less in one pair', [-0.2, 0.01], 'better'],
    ['that does less in two pairs of three', [-0.2, -0.2, 0.01], 'better'],
    ['that does less in all three', [-0.01, -0.01, -0.01], 'no better'],
  ])('that something else speaks for takes two pairs or three: a size %s', (_what, gains, verdict) => {
    const played = play((bytes, _nowMs, pair) => gaining(gains[pair])(bytes), DEFAULT_BLOCK_POLICY, true);
    expect([played.verdict, played.trial.gains.length]).toEqual([verdict, gains.length]);
  });

  it('gives up after the most pairs', () => {
    let turn = 0;
    const wild = (bytes: number): number => 1e6 * (bytes === TRIED ? (turn++ % 8 < 4 ? 1.4 : 0.8) : 1);
    const played = play(wild);
    expect([played.verdict, played.trial.gains.length]).toEqual(['unclear', DEFAULT_BLOCK_POLICY.mostPairs]);
  });

  it.each([
    ['keeps a size that does a twentieth more', 0.05, 0.02, 0.95, 1],
    ['seldom keeps one that does no more', 0, 0.02, 0, 0.1],
    ['mostly keeps one that does a tenth more', 0.1, 0.1, 0.55, 1],
    ['seldom keeps one that does no more', 0, 0.1, 0, 0.2],
    ['almost never keeps one that does a tenth less', -0.1, 0.1, 0, 0.02],
  ])('%s (%d), where single turns differ by %d', (_what, gain, noise, least, most) => {
    const seed = 2026;
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    const rounds = 400;
    let kept = 0;
    for (let round = 0; round < rounds; round++) {
      // A turn is of two looks, so each is off by more than the whole turn.
      const noisy = (bytes: number): number =>
        gaining(gain)(bytes) * Math.exp(noise * Math.SQRT2 * random.normal());
      if (play(noisy).verdict === 'better') kept++;
    }
    expect(kept / rounds).toBeGreaterThanOrEqual(least);
    expect(kept / rounds).toBeLessThanOrEqual(most);
  });
});
