import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { isMillpondError, type MillpondError } from '../../src/errors.ts';
import { checkGates, parseGate } from '../../src/report/gate.ts';
import { PLAIN_QUANTITIES } from '../../src/report/quantities.ts';
import { SELECTIONS } from '../../src/report/selections.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const run = (options: MadeRun) => parseRun('made', textOf(madeLines({ seconds: 120, ...options })));
const base = run({ seed: 1 });
const slow = run({ seed: 2, slowness: 1.3 });
const same = run({ seed: 2 });

describe('a gate', () => {
  it.each([
    ['p99(fresh) > 1.2x', 'p99(fresh)', '>', 1.2, true],
    ['p99.9(all)>5ms', 'p99.9(all)', '>', 5e6, false],
    ['  P99 ( Fresh/Large )  >=  250us ', 'p99(fresh/large)', '>=', 250e3, false],
    ['p50(hit) > 40 ns', 'p50(hit)', '>', 40, false],
    ['p99.0(hit) > 40µs', 'p99(hit)', '>', 40e3, false],
    ['max(gc) > 20ms', 'max(gc)', '>', 20e6, false],
    ['mean(gc/major) > .5s', 'mean(gc/major)', '>', 5e8, false],
    ['p99(queue) > 1s', 'p99(queue)', '>', 1e9, false],
    ['p90(size/large) <= 1MiB', 'p90(size/large)', '<=', MiB, false],
    ['hit-rate < 95%', 'hit-rate', '<', 0.95, false],
    ['hit-rate(large) < 0.95x', 'hit-rate(large)', '<', 0.95, true],
    ['throughput < 0.9X', 'throughput', '<', 0.9, true],
    ['throughput < 1.1MB/s', 'throughput', '<', 1.1 * MiB, false],
    ['peak-memory > 90MiB', 'peak-memory', '>', 90 * MiB, false],
    ['gc-time>2.5%', 'gc-time', '>', 0.025, false],
    ['failed > 0', 'failed', '>', 0, false],
  ])('is read: %s', (text, name, operator, bound, relative) => {
    const gate = parseGate(text);
    expect(gate.quantity.name).toBe(name);
    expect(gate).toMatchObject({ text: text.trim(), operator, relative });
    expect(gate.bound).toBeCloseTo(bound, 6);
  });

  it('can be made of every quantity there is', () => {
    for (const name of PLAIN_QUANTITIES.keys()) expect(parseGate(`${name} > 1x`).quantity.name).toBe(name);
    for (const selection of SELECTIONS.keys()) {
      for (const statistic of ['p50', 'p99.99', 'max', 'mean']) {
        const name = `${statistic}(${selection})`;
        expect(parseGate(`${name} > 1x`).quantity.name).toBe(name);
      }
    }
  });

  it.each([
    ['', 0, 'Begin with a quantity: '],
    ['> 3', 0, 'Begin with a quantity: '],
    ['p99(frehs) > 1.2x', 4, "Did you mean 'fresh'?"],
    ['p99(fresh/lrage) > 1.2x', 4, "Did you mean 'fresh/large'?"],
    ['p99(nonsense) > 1.2x', 4, 'There are all, slow, hit, '],
    ['hitrate < 95%', 0, "Did you mean 'hit-rate'?"],
    ['p100(all) > 1s', 0, 'any other percentile'],
    ['p0(all) > 1s', 0, 'any other percentile'],
    ['p99 > 3ms', 4, 'p99(all)'],
    ['p99(fresh > 3ms', 10, 'Write p99(fresh).'],
    ['hit-rate(huge) < 5%', 9, 'hit-rate(large)'],
    ['failed(large) > 0', 7, 'Write failed alone.'],
    ['failed(large > 0', 7, 'Write failed alone.'],
    ['p99(fresh) 3ms', 11, 'Write >, >=, < or <='],
    ['p99(fresh) == 3ms', 11, 'Write >, >=, < or <='],
    ['p99(fresh) > ms', 13, 'a time with ns, us, ms or s'],
    ['p99(fresh) > -3ms', 13, 'a time with ns, us, ms or s'],
    ['p99(fresh) > 3', 13, 'a time with ns, us, ms or s'],
    ['p99(fresh) > 3MiB', 13, 'a time with ns, us, ms or s'],
    ['p99(fresh) > 3%', 13, 'a time with ns, us, ms or s'],
    ['p99(fresh) > 3constructor', 13, 'a time with ns, us, ms or s'],
    ['hit-rate < 95', 11, 'a percentage'],
    ['peak-memory > 90', 14, 'a size with B, KiB, MiB or GiB'],
    ['peak-memory > 90MiB/s', 14, 'a size with B, KiB, MiB or GiB'],
    ['throughput < 20MiB', 13, 'a size a second'],
    ['failed > 1%', 9, 'a plain number'],
    ['failed > 0; failed > 1', 10, 'once for each gate'],
    ['p99(all) > 1.2x\u001b[2J', 15, 'once for each gate'],
  ])('that is wrong says where and what there is: %s', (text, column, remedy) => {
    const error = errorOf(text);
    expect(error?.code).toBe('ERR_INVALID_ARGUMENT');
    const [rule, , pointer, ...rest] = (error?.message ?? '').split('\n');
    expect(rule).toMatch(
      /^A gate is a quantity, a comparison and a bound, as 'p99\(fresh\) > 1\.2x'; this one has /,
    );
    expect(pointer.indexOf('^') - 2).toBe(column);
    expect(rest.join()).toContain(remedy);
    expect(error?.message).not.toContain('\u001b');
  });

  it('of any letters is read or refused, and nothing else', () => {
    const parts = [
      'p99',
      'hit-rate',
      '(',
      'fresh',
      ')',
      '>',
      '<=',
      '1.2',
      'x',
      'ms',
      ' ',
      '%',
      '/',
      '\u0000',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...parts)).map((list) => list.join('')),
    );
    fc.assert(fc.property(text, (one) => void errorOf(one)));
  });
});

describe('checking', () => {
  const check = (text: string, ...runs: (typeof base)[]) => checkGates([parseGate(text)], runs)[0];

  it.each([
    [
      'p50(fresh) > 1.2x',
      slow,
      true,
      /^p50 of fresh allocations: 2\d.*us beside 21\.6 us, 1\.\d+ times, over 1\.2 times\. By rank the run is worse: 1\.\d+ to 1\.\d+ times between intervals\.$/,
    ],
    ['p50(fresh) > 1.5x', slow, false, /, not over 1\.5 times\. By rank the run is worse/],
    [
      'p50(fresh) > 1.2x',
      same,
      false,
      /By rank that is noise, or too little to matter: within [\d.]+ % between intervals\.$/,
    ],
    ['p50(fresh) > 0.5x', same, true, /^p50 .+, over 0\.5 times\. By rank that is noise/],
    ['p99(fresh) > 1.2x', slow, true, /There are too few intervals to say by rank whether that is noise\.$/],
    [
      'throughput < 0.9x',
      slow,
      false,
      /^Throughput: 57\.\d MiB\/s beside 57\.3 MiB\/s, the same, not under 0\.9 times\./,
    ],
    ['failed > 1.5x', slow, false, /^Failed tasks: 0 beside 0, not over 1\.5 times\./],
  ] as const)('%s holds a run against its base', (text, other, failed, sentence) => {
    const result = check(text, base, other);
    expect(result).toMatchObject({ gate: text, origin: 'made', failed });
    expect(result.sentence).toMatch(sentence);
  });

  it.each([
    ['hit-rate < 95%', false, 'Hit rate: 99.58 %, not under 95 %.'],
    ['hit-rate < 99.6%', true, 'Hit rate: 99.58 %, under 99.6 %.'],
    ['hit-rate >= 0%', true, 'Hit rate: 99.58 %, at or over 0 %.'],
    ['failed > 0', false, 'Failed tasks: 0, not over 0.'],
    ['failed <= 0', true, 'Failed tasks: 0, at or under 0.'],
    ['failed >= 1', false, 'Failed tasks: 0, under 1.'],
    ['peak-rss <= 1KiB', false, 'Peak memory of the process: 186.8 MiB, over 1 KiB.'],
  ])('%s looks at one run alone', (text, failed, sentence) => {
    expect(check(text, run({ seed: 1, seconds: 60 }))).toMatchObject({ failed, sentence });
  });

  it('says nothing against what exact counts show never to have happened', () => {
    expect(check('p99(direct) > 1ms', base)).toMatchObject({
      failed: false,
      sentence: 'There were no direct allocations.',
    });
    expect(check('p99(direct) > 1.2x', base, same).failed).toBe(false);
    expect(check('max(gc/weak) > 1ms', base).failed).toBe(false);
    expect(check('max(recovery) > 1ms', base).failed).toBe(false);
  });

  it('fails what cannot be told', () => {
    const unanswered =
      'Hit rate (direct) cannot be checked, since nothing of it was recorded; what cannot be checked fails.';
    expect(check('hit-rate(direct) < 1%', base)).toMatchObject({ failed: true, sentence: unanswered });
    expect(check('p99(lifetime/direct) > 1s', base).failed).toBe(true);
    const idle = parseRun('idle', textOf(madeLines({ seconds: 0 })));
    for (const text of ['p99(fresh) > 1s', 'max(gc) > 1s', 'throughput < 1MiB/s', 'hit-rate < 1%']) {
      expect(check(text, idle)).toMatchObject({ failed: true });
    }
    expect(check('p99(fresh) > 2x', idle, base)).toMatchObject({
      ...{ failed: true, sentence: expect.stringContaining('nothing of it was recorded in the base') },
    });
  });

  it('says that a recording is only a part of its run', () => {
    expect(check('failed > 0', run({ crashed: true })).sentence).toBe(
      'Failed tasks: 0, not over 0. The recording has no end, so this is of a part of the run.',
    );
  });

  it('leaves the base out where there are others, and answers for each gate and run', () => {
    const gates = ['p50(fresh) > 1.2x', 'failed > 0'].map(parseGate);
    const results = checkGates(gates, [base, slow, same]);
    expect(results.map(({ gate, failed }) => [gate, failed])).toEqual([
      ['p50(fresh) > 1.2x', true],
      ['p50(fresh) > 1.2x', false],
      ['failed > 0', false],
      ['failed > 0', false],
    ]);
  });

  it('needs a base for a bound with x', () => {
    expect(() => check('p99(fresh) > 1.2x', base)).toThrow(/one\. Name the base before the recording/);
  });
});

function errorOf(text: string): MillpondError | null {
  try {
    parseGate(text);
    return null;
  } catch (error) {
    if (isMillpondError(error)) return error;
    throw error;
  }
}
