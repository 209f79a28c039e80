import { describe, expect, it } from 'vitest';
import { formatTable } from '../../bench/benchmark.ts';
import { atLeast, atMost, noSlower } from '../../bench/targets.ts';

const spread = (least: number, median: number, most: number) => ({ least, median, most });

describe('a target', () => {
  it.each([
    { target: atMost('a hit', 30, 30, 'ns'), verdict: 'met', measured: '30 ns' },
    { target: atMost('a hit', 30.06, 30, 'ns'), verdict: 'missed', measured: '30.1 ns' },
    { target: atLeast('two threads', 1.9, 1.9, 'x'), verdict: 'met', measured: '1.9 x' },
    { target: atLeast('two threads', 1.8999, 1.9, 'x'), verdict: 'missed', measured: '1.9 x' },
  ])('of $target.wanted is $verdict at $measured', ({ target, verdict, measured }) => {
    expect(target).toMatchObject({ verdict, measured });
  });

  it.each([
    { case: 'quicker', ours: spread(1, 2, 9), theirs: spread(2, 3, 4), times: 1, verdict: 'met' },
    { case: 'slower, apart', ours: spread(5, 6, 7), theirs: spread(2, 3, 4), times: 1, verdict: 'missed' },
    {
      case: 'slower within the noise',
      ours: spread(3, 5, 7),
      theirs: spread(2, 4, 6),
      times: 1,
      verdict: 'too close to call',
    },
    {
      case: 'slower, but allowed to be',
      ours: spread(5, 6, 7),
      theirs: spread(2, 3, 4),
      times: 2,
      verdict: 'met',
    },
  ])('is $verdict by one that is $case', ({ ours, theirs, times, verdict }) => {
    expect(noSlower('it', ours, theirs, times).verdict).toBe(verdict);
  });

  it('stands under its table with its verdict', () => {
    const text = formatTable({
      title: 'A table',
      columns: ['', 'ns'],
      rows: [['a hit', 12]],
      notes: ['A note.'],
      targets: [atMost('a hit', 12, 30, 'ns')],
    });
    expect(text.split('\n').slice(-2)).toEqual([
      '  A note.',
      '  Target met: a hit, at most 30 ns; this run 12 ns.',
    ]);
  });
});
