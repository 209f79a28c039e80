import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { whole } from '../../src/regulation/block-sizes.ts';
import { DEFAULT_BLOCK_POLICY } from '../../src/regulation/block-state.ts';
import { retainedQuota } from '../../src/regulation/retained.ts';
import { mean } from '../../src/regulation/sample.ts';
import { type Moment, play, type Source } from '../regulation/closed-loop.ts';
import { type Load, Plant, type PlantOptions } from '../regulation/plant.ts';
import { openRecorded } from '../regulation/recorded-trace.ts';
import { allTraces, MADE_TRACES, type Trace } from '../regulation/traces.ts';

/**
 * A trial of a size that helps or not, or steps down until what is held falls, and those back: over many
 * edges no more.
 */
const STEPS_PER_EDGE = 6;
/**
 * With constant input: of pressure that follows a return, of the next trial, and of an emergency, each once
 * in a doubling.
 */
const CHANGES_PER_DOUBLING = 16;
const EMERGENCIES_PER_DOUBLING = 2;

/** Plays to the end, holds what must be true at each moment, and returns the moments with a change. */
function playWithin(source: Source): {
  source: Source;
  last: Moment;
  changes: Moment[];
  emergencies: Moment[];
} {
  const { options, threads } = source.parts;
  const retained = retainedQuota(options, threads);
  const changes: Moment[] = [];
  const emergencies: Moment[] = [];
  let before = options.blockBytes;
  let last: Moment | undefined;
  for (const moment of play(source)) {
    const { block, look, change, lowered } = moment;
    const { bytes, ceilingBytes, leastBytes, mostBytes } = block;
    const within = (size: number): boolean => size >= leastBytes && size <= mostBytes;
    if (!within(bytes) || !within(ceilingBytes) || !within(moment.settledBytes)) {
      throw new Error(`${bytes} or ${ceilingBytes} is out of the clamps at ${moment.seconds} s`);
    }
    if (bytes !== whole(bytes)) throw new Error(`${bytes} is no multiple at ${moment.seconds} s`);
    const pressed = moment.level !== 'nominal' || moment.emergency;
    if (pressed && bytes > before) throw new Error(`grew at ${moment.seconds} s`);
    for (const { tier, left } of lowered) {
      if (left < retained[tier]) throw new Error(`quota fell too far at ${moment.seconds} s`);
    }
    if (look.heldBytes > options.budgetBytes) throw new Error('the plant broke its budget');
    if (change !== null) changes.push(moment);
    if (moment.emergencyChange === 'start') emergencies.push(moment);
    before = bytes;
    last = moment;
  }
  return { source, last: last!, changes, emergencies };
}

/**
 * How many of these fall into each doubling of the time since `from`: the last half, the quarter before it,
 * and so on.
 */
function byDoubling(moments: readonly Moment[], from: number, to: number): number[] {
  const counts: number[] = [];
  for (let end = to - from; end > 60; end /= 2) {
    counts.push(moments.filter(({ seconds }) => seconds > from + end / 2 && seconds <= from + end).length);
  }
  return counts;
}

/** Each made-up trace is played once for all that is expected of it. */
const played = new Map<string, ReturnType<typeof playWithin>>();

function playedOnce(name: string, trace: Trace = MADE_TRACES[name]): ReturnType<typeof playWithin> {
  const found = played.get(name) ?? playWithin(trace.open());
  played.set(name, found);
  return found;
}

function expectSettled(
  { changes, emergencies }: ReturnType<typeof playWithin>,
  from: number,
  to: number,
): void {
  const mostRefractory = 600;
  for (const count of byDoubling(changes, from, to)) expect(count).toBeLessThanOrEqual(CHANGES_PER_DOUBLING);
  const allowed = EMERGENCIES_PER_DOUBLING + (to - from) / mostRefractory;
  for (const count of byDoubling(emergencies, from, to)) expect(count).toBeLessThanOrEqual(allowed);
}

describe('the policies together, under', () => {
  const entries = Object.entries<Trace>(allTraces());
  it.each(entries.filter(([, trace]) => trace.constantFrom !== undefined))('%s, settle', (name, trace) => {
    const result = playedOnce(name, trace);
    expectSettled(result, trace.constantFrom!, result.last.seconds);
  });

  it.each(
    entries.filter(([, trace]) => trace.edges !== undefined),
  )('%s, change no more often than the input does', (_name, trace) => {
    const { changes, emergencies } = playWithin(trace.open());
    expect(changes.length).toBeLessThanOrEqual(trace.edges! * (trace.stepsPerEdge ?? STEPS_PER_EDGE));
    expect(emergencies.length).toBeLessThanOrEqual(10);
  });

  it('no load whose changes nothing bounds', () => {
    for (const [, { constantFrom, edges }] of entries) expect(constantFrom ?? edges).toBeTypeOf('number');
  });
});

describe('where they settle', () => {
  it.each([
    ['step', 64 * KiB],
    ['ramp', 64 * KiB],
    ['noise', 64 * KiB],
    ['helpful', MiB],
    ['useless', 64 * KiB],
    ['harmful', 64 * KiB],
    ['greedy', 4 * KiB],
    ['heap', 64 * KiB],
    ['silent', MiB],
    ['speech', 125 * KiB],
    ['neighbour', 64 * KiB],
    ['neighbours', MiB],
    ['requests', 486 * KiB],
    ['dear', 64 * KiB],
    ['tail', 64 * KiB],
  ])('after %s is a block of %d bytes', (name, bytes) => {
    expect(playedOnce(name).last.settledBytes).toBe(bytes);
  });

  it.each([
    'crowd',
    'self',
  ])('in %s is a size whose buffers are of a smaller tier, without pressure', (name) => {
    const { last } = playedOnce(name);
    expect(last.settledBytes).toBeGreaterThan(32 * KiB);
    expect(last.settledBytes).toBeLessThanOrEqual(64 * KiB);
    expect(last.look.heldBytes / MADE_TRACES[name].open().parts.options.budgetBytes).toBeLessThan(0.75);
  });

  it.each([
    ['night', 2, [20, 10, 2]],
    ['crowd-night', 64, [1, 1, 0]],
  ])('after %s of %d workers is the retained minimum', (name, threads, retained) => {
    const { last, source } = playedOnce(name);
    expect(source.quotas).toEqual(Array.from({ length: threads + 1 }, () => retained));
    // What the workers keep; the main thread has used nothing.
    const [small, medium, large] = retained;
    expect(last.look.heldBytes).toBe(threads * (small * 4 * KiB + medium * 64 * KiB + large * MiB));
  });

  it('under useless growth is found by ever fewer trials', () => {
    const { changes } = playedOnce('useless');
    const gaps = changes
      .filter(({ change }) => change!.kind === 'grow')
      .map(({ seconds }, at, all) => seconds - (all[at - 1]?.seconds ?? 0))
      .slice(2);
    expect(gaps.length).toBeGreaterThan(5);
    gaps.slice(1).forEach((gap, at) => {
      expect(gap).toBeGreaterThan(1.8 * gaps[at]);
    });
  });

  it('under overload is one emergency in ten minutes, and under heap one only', () => {
    const { emergencies } = playedOnce('overload');
    const late = emergencies.slice(-10).map(({ seconds }) => seconds);
    expect((late[9] - late[0]) / 9).toBeGreaterThan(600);
    expect(playedOnce('heap').emergencies).toHaveLength(1);
  });
});

describe('what is done in two minutes of a busy CPU is 95 % of what the best size does', () => {
  /** Of the busy time, with a request for each block that takes a fifth of it at 64 KiB. */
  const shareAt = (bytes: number): number => 1 / (1 + (bytes / (64 * KiB)) * 4);
  it.each<[string, Partial<PlantOptions>, (bytes: number) => number]>([
    ['where requests take a fifth of it', { acquireShare: shareAt }, (bytes) => 1 - shareAt(bytes)],
    ['where no work is reported', { reports: false }, (bytes) => bytes ** 0.03],
  ])('%s', (_what, options, speed) => {
    const source = (seed: number): Source =>
      new Plant({
        ...{ ...options, seconds: 120, load: () => ({ cpu: 1, leaseShare: 0.2 }), p99: () => 150_000 },
        ...{ speed, noise: 0.05, seed },
      });
    const speeds = [1, 2, 3, 4].flatMap((seed) =>
      [...play(source(seed))].map(({ block }) => speed(block.bytes)),
    );
    expect(mean(speeds) / speed(MiB)).toBeGreaterThan(0.95);
  });
});

it('what an emergency took of quotas comes back when it ends', () => {
  const source = MADE_TRACES.heap.open();
  const sum = (): number => source.quotas.flat().reduce((all, each) => all + each);
  const before = sum();
  const during: number[] = [];
  for (const { emergency, emergencyChange } of play(source)) {
    if (emergency) during.push(sum());
    if (emergencyChange === 'end') break;
  }
  expect(during.length).toBeGreaterThan(0);
  expect(Math.max(...during)).toBe(0);
  expect(sum()).toBe(before);
});

describe('any load', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const piece = fc.record({
    seconds: fc.integer({ min: 1, max: 60 }),
    cpu: share,
    leaseShare: share.map((value) => 1.4 * value),
    otherShare: share.map((value) => 1.1 * value),
    greedy: fc.boolean(),
    contention: fc.constantFrom(0, 0.5, 4),
  });
  const tail = 1200;

  it('ends in few changes, inside the clamps and without flapping, once it is constant', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 8 }),
        fc.record({
          threads: fc.constantFrom(1, 2, 8, 64),
          budgetBytes: fc.constantFrom(8 * MiB, 32 * MiB, 100 * MiB),
          baselineBytes: fc.constantFrom(4 * KiB, 64 * KiB, 512 * KiB, MiB, 5000),
          limitBytes: fc.constantFrom(null, 200 * MiB),
          blocksPerThread: fc.integer({ min: 1, max: 3 }),
          noise: fc.constantFrom(0, 0.02, 0.2),
          seed: fc.nat(1e6),
          reports: fc.boolean(),
          longestBytes: fc.constantFrom(null, 384, 64_000, 384_000),
        }),
        fc.double({ min: -0.3, max: 0.3, noNaN: true }),
        // At blocks of 64 KiB, and how it follows their size.
        fc.record({
          share: share.map((value) => 0.3 * value ** 2),
          waits: fc.constantFrom(0, 0.3),
          p99: fc.option(fc.constantFrom(5000, 200_000)),
          exponent: fc.double({ min: -1, max: 1, noNaN: true }),
        }),
        (pieces, options, exponent, requests) => {
          const ends = pieces.map((_piece, at) =>
            pieces.slice(0, at + 1).reduce((sum, { seconds }) => sum + seconds, 0),
          );
          const from = ends.at(-1)!;
          const load = (at: number): Load => {
            const now = pieces.find((_piece, index) => at < ends[index]) ?? pieces.at(-1)!;
            const otherBytes = now.otherShare * (options.limitBytes ?? 0);
            const { cpu, contention, leaseShare, greedy } = now;
            return { cpu, contention, leaseShare, greedy, otherBytes };
          };
          const speed = (bytes: number): number => bytes ** exponent;
          const follows = (value: number) => (bytes: number) =>
            value * (bytes / (64 * KiB)) ** requests.exponent;
          const result = playWithin(
            new Plant({
              ...{ ...options, seconds: from + tail, load, speed },
              acquireShare: follows(requests.share),
              waitShare: follows(requests.share * requests.waits),
              p99: requests.p99 === null ? () => null : follows(requests.p99),
            }),
          );
          expectSettled(result, from, from + tail);
        },
      ),
      { numRuns: Number(process.env.MILLPOND_TRACES ?? 60) },
    );
  });
});

describe('a recorded trace', () => {
  it('is played line by line, whatever is decided', () => {
    const lines = [
      { budgetBytes: 32 * MiB, threads: 2, baselineBytes: 64 * KiB },
      ...Array.from({ length: 50 }, (_value, at) => ({
        nowMs: at * 200,
        cpu: 0.5,
        heldBytes: (at < 25 ? 26 : 12) * MiB,
        processedBytes: at * 1e6,
        cpuSeconds: at * 0.2,
      })),
    ];
    const trace = openRecorded(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    const { last, changes } = playWithin(trace.open());
    expect(last.seconds).toBeCloseTo(9.8, 6);
    expect(changes[0].change).toMatchObject({ kind: 'shrink', blockBytes: 48 * KiB });
    expect(last.settledBytes).toBeGreaterThan(DEFAULT_BLOCK_POLICY.shrinkFactor * 4 * KiB);
  });
});
