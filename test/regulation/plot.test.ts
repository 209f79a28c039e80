import { describe, expect, it } from 'vitest';
import { plotTrace, summarize } from './plot.ts';
import { MADE_TRACES } from './traces.ts';

describe('a plot of a trace', () => {
  const text = plotTrace('step', MADE_TRACES.step, { width: 60, height: 5 }, 120);
  const line = (start: string): string =>
    text.split('\n').find((each) => each.trimStart().startsWith(start)) ?? '';

  it('shows the block, what was held and the CPU, with their units', () => {
    for (const part of ['block size', 'held, of the budget', 'CPU load', '64 KiB┤', '80 %┤', '0 to 120 s']) {
      expect(text).toContain(part);
    }
  });

  it('shows pressure from its minute on, and the changes that it made', () => {
    expect(line('pressure')).toMatch(/pressure ·{29,30}[▂▅]{30,31}$/);
    expect(line('changes')).toMatch(/changes ·{29,30}[1-9]+·+$/);
    expect(line('emergency')).toMatch(/emergency ·{60}$/);
  });

  it('is no wider than it should be', () => {
    expect(Math.max(...text.split('\n').map((each) => each.length))).toBeLessThanOrEqual(72);
  });
});

it('a summary counts what changed and says where it ended', () => {
  expect(summarize('step', MADE_TRACES.step)).toContain(
    '10 shrink, 10 return, 0 grow, 0 emergencies; ends with 64 KiB at nominal',
  );
});
