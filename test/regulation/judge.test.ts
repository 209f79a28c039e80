import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import type { DecisionInputs, DecisionKind, Verdict } from '../../src/regulation/decision.ts';
import { type Figures, Judge } from '../../src/regulation/judge.ts';

const inputs: DecisionInputs = {
  cpu: 0.5,
  pressure: 'elevated',
  usedBytes: 80 * MiB,
  idleBytes: 30 * MiB,
  blockBytes: 65_536,
  bytesPerCpuSecond: 1e6,
  p99Nanoseconds: 1000,
  acquireShare: 0.02,
  waitShare: 0,
};
const before: Figures = {
  usedBytes: 80 * MiB,
  allocatedByTier: [0, 500 * MiB, 0, 0],
  bytesPerCpuSecond: 1e6,
  p99Nanoseconds: 1000,
};

/** What decisions are to free, by tier, where nothing else is said. */
const PROMISED = [0, 30 * MiB, 0];

/** Decides at 1 s, sees the figures at 2, 3 ... s, and returns the score at 6 s. */
function scored(
  kind: DecisionKind,
  seen: readonly Partial<Figures>[],
  given: Partial<DecisionInputs> = {},
  promised = PROMISED,
) {
  const judge = new Judge();
  judge.observe(1000, before);
  judge.decide(kind, 1000, 'A test', { ...inputs, ...given }, {}, promised);
  seen.forEach((figures, at) => {
    expect(judge.observe(2000 + at * 100, { ...before, ...figures })).toEqual([]);
  });
  const last = { ...before, ...seen.at(-1) };
  const [decision] = judge.observe(6000, last);
  return decision.score!;
}

const fell = (usedMiB: number, allocatedMiB: number): Partial<Figures> => ({
  usedBytes: usedMiB * MiB,
  allocatedByTier: [0, allocatedMiB * MiB, 0, 0],
});

describe('a memory decision', () => {
  it.each<[string, Partial<Figures>[], Verdict, number, number, number]>([
    ['that recovered for good is good', [fell(50, 500)], 'good', 30, 0, 0],
    ['is good while less than half of it returns', [fell(50, 500), fell(60, 514)], 'good', 30, 14, 14 / 30],
    ['is regretted when most of it returns', [fell(50, 500), fell(75, 525)], 'regretted', 30, 25, 25 / 30],
    ['is regretted at most as a whole', [fell(50, 500), fell(80, 900)], 'regretted', 30, 30, 1],
    ['is not charged for what came before the lowest', [fell(70, 520), fell(50, 520)], 'good', 30, 0, 0],
    ['that recovered nothing is neutral', [fell(90, 600)], 'neutral', 0, 0, 0],
  ])('%s', (_what, seen, verdict, recovered, returned, regret) => {
    for (const kind of ['shrink', 'trim', 'emergency'] as const) {
      const score = scored(kind, seen);
      expect(score).toMatchObject({
        verdict,
        recoveredBytes: recovered * MiB,
        returnedBytes: returned * MiB,
      });
      expect(score.regret).toBeCloseTo(regret, 6);
    }
  });

  it('is judged by what it promised only, in amount and in tiers', () => {
    const promised = [0, 2 * MiB, 8 * MiB];
    const seen = (medium: number, large: number) => ({
      usedBytes: 40 * MiB,
      allocatedByTier: [0, medium * MiB, large * MiB, 0],
    });
    // A task ended meanwhile, and another one came: 30 MiB more or less are not its doing.
    const score = (...looks: Partial<Figures>[]) => scored('trim', looks, {}, promised);
    expect(score(seen(500, 0), seen(501, 0))).toMatchObject({ recoveredBytes: 10 * MiB, returnedBytes: MiB });
    expect(score(seen(500, 0), seen(600, 1))).toMatchObject({ returnedBytes: 3 * MiB, verdict: 'good' });
    expect(score(seen(500, 0), seen(500, 90))).toMatchObject({
      returnedBytes: 8 * MiB,
      verdict: 'regretted',
    });
    // A step of the block within one tier frees nothing, and has nothing to answer for.
    expect(scored('shrink', [seen(900, 0)], {}, [0, 0, 0, 0]).verdict).toBe('neutral');
  });

  it('is not judged by speed', () => {
    expect(scored('shrink', [{ ...fell(50, 500), bytesPerCpuSecond: 1 }]).verdict).toBe('good');
  });
});

describe('a speed decision', () => {
  const rate = (bytesPerCpuSecond: number | null) => ({ bytesPerCpuSecond });
  const p99 = (p99Nanoseconds: number | null) => ({ p99Nanoseconds });
  it.each<[string, Partial<Figures>, Verdict, number]>([
    ['is good when throughput rose by 2 %', rate(1.0201e6), 'good', 0],
    ['is neutral when it rose by less', rate(1.0199e6), 'neutral', 0],
    ['is neutral when it fell by 4 %', rate(0.96e6), 'neutral', 0.04],
    ['is regretted when it fell by 6 %', rate(0.94e6), 'regretted', 0.06],
    ['is good when p99 halved', p99(499), 'good', 0],
    ['takes a p99 that less than doubled for noise', p99(1999), 'neutral', 0],
    ['is regretted when p99 tripled', p99(3000), 'regretted', 2 / 3],
    ['is neutral when nothing is known', { ...rate(null), ...p99(null) }, 'neutral', 0],
    [
      'is regretted by one figure when the other is better',
      { ...rate(2e6), ...p99(4000) },
      'regretted',
      0.75,
    ],
  ])('%s', (_what, seen, verdict, regret) => {
    for (const kind of ['grow', 'return', 'rebalance'] as const) {
      const score = scored(kind, [seen]);
      expect([score.verdict, score.regret]).toEqual([verdict, expect.closeTo(regret, 6)]);
    }
  });

  it('is judged by all that was seen since, in the geometric mean', () => {
    expect(scored('grow', [rate(4e6), rate(2e6), rate(1e6)]).throughputRatio).toBeCloseTo(8 ** (1 / 4), 6);
  });

  it('has no ratios where nothing is known of before', () => {
    const score = scored('grow', [rate(2e6)], { bytesPerCpuSecond: null, p99Nanoseconds: null });
    expect([score.p99Ratio, score.throughputRatio, score.verdict]).toEqual([null, null, 'neutral']);
    const stood = scored('grow', [rate(2e6)], { bytesPerCpuSecond: 0, p99Nanoseconds: 0 });
    expect([stood.p99Ratio, stood.throughputRatio, stood.verdict]).toEqual([null, null, 'neutral']);
  });
});

describe('the judge', () => {
  it('numbers decisions and says when they were made', () => {
    const judge = new Judge({ startMs: 1000 });
    judge.decide('trim', 1500, 'A test', inputs, { bytes: MiB });
    const decision = judge.decide('grow', 3000, 'A test', inputs, { blockBytes: 98_304 });
    expect(decision).toMatchObject({
      number: 2,
      atSeconds: 2,
      kind: 'grow',
      blockBytes: 98_304,
      score: null,
    });
  });

  it('keeps counts of all and the last 64, judged where their time has come', () => {
    const judge = new Judge();
    for (let at = 0; at < 100; at++) judge.decide('trim', at * 1000, 'A test', inputs, {}, PROMISED);
    expect(judge.observe(50_000, { ...before, ...fell(50, 500) })).toHaveLength(46);
    const { counts, verdicts, recent, regret } = judge.snapshot;
    expect([counts.trim, counts.grow, verdicts.good, regret]).toEqual([100, 0, 46, 0]);
    expect(recent).toHaveLength(64);
    expect(judge.observe(60_000, before)).toHaveLength(10);
    expect(recent.filter(({ score }) => score !== null).map(({ number }) => number)).toEqual([
      37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
    ]);
  });

  it('says the mean regret of those that were judged', () => {
    const judge = new Judge();
    judge.observe(0, before);
    judge.decide('trim', 0, 'A test', inputs, {}, PROMISED);
    judge.observe(100, { ...before, ...fell(50, 500) });
    judge.observe(5000, { ...before, ...fell(80, 530) });
    judge.decide('grow', 5000, 'A test', inputs, {}, PROMISED);
    judge.observe(10_000, { ...before, ...fell(80, 530) });
    judge.decide('grow', 10_000, 'A test', inputs, {}, PROMISED);
    expect(judge.snapshot.regret).toBeCloseTo(0.5, 6);
  });

  it('judges at the end what is half a second old, and no more after', () => {
    const judge = new Judge();
    judge.decide('trim', 0, 'A test', inputs, {}, PROMISED);
    judge.decide('trim', 501, 'A test', inputs, {}, PROMISED);
    expect(judge.finish(1000, before).map(({ number }) => number)).toEqual([1]);
    expect(judge.observe(99_000, before)).toEqual([]);
    expect(judge.snapshot.recent[1].score).toBe(null);
  });

  it('counts what is allocated from its first look on when a decision came before that', () => {
    const judge = new Judge();
    judge.decide('trim', 0, 'A test', inputs, {}, PROMISED);
    judge.observe(200, before);
    const [{ score }] = judge.observe(5000, { ...before, ...fell(70, 500) });
    expect(score).toMatchObject({ verdict: 'good', returnedBytes: 0 });
  });
});
