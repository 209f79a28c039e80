import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/report/change.ts';
import { parseGate } from '../../src/report/gate.ts';
import { distributionQuantity, PLAIN_QUANTITIES } from '../../src/report/quantities.ts';
import { SELECTIONS, type Selection } from '../../src/report/selections.ts';

const text = readFileSync(new URL('../../docs/comparing.md', import.meta.url), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| `'));

it('the table of distributions has all, in the order of the source, with their parts', () => {
  const families = Map.groupBy(SELECTIONS.values(), ({ name }) => name.split('/')[0]);
  const expected = Array.from(families.values(), ([whole, ...parts]) => {
    const names = parts.map(({ name }) => name.split('/')[1]).join(', ');
    return `| \`${whole.name}\` | ${whole.label} | ${whole.unit} | ${names} |`;
  });
  expect(rows.slice(0, expected.length)).toEqual(expected);
});

it('the table of the other quantities has all, in the order of the source, with unit and direction', () => {
  const expected = Array.from(
    PLAIN_QUANTITIES.values(),
    ({ name, label, unit, better }) => `| \`${name}\` | ${label} | ${unit} | ${better} |`,
  );
  expect(rows.slice(-expected.length)).toEqual(expected);
});

it('every gate that it shows is one', () => {
  const blocks = Array.from(text.matchAll(/```\n(p99[^`]+)```/g), ([, block]) => block.trim());
  expect(blocks).toHaveLength(2);
  const shown = [
    ...blocks.flatMap((block) => block.split('\n')),
    ...Array.from(text.matchAll(/--fail-if '([^Q'][^']*)'/g), ([, gate]) => gate),
  ];
  expect(shown.length).toBeGreaterThan(10);
  for (const gate of shown) expect(() => parseGate(gate.replace(/#.*/, ''))).not.toThrow();
});

describe('the figures in its words', () => {
  it.each([
    [`Under ${RULES.leastSpans} of them there is no verdict`],
    [`p is under ${RULES.significance} after correction`],
    [`at least ${Math.round((RULES.leastRatio - 1) * 100)} %, or half a percentage point`],
    [`a p99 needs ${leastFor('p99')} recorded`],
    [`a p99.9 needs ${leastFor('p99.9')}.`],
  ])('are those of the source: %s', (words) => {
    expect(text.replaceAll('\n', ' ').replaceAll('  ', ' ')).toContain(words);
  });

  it('half a percentage point is 0.005', () => {
    expect(RULES.leastShare).toBe(0.005);
  });
});

function leastFor(statistic: 'p99' | 'p99.9'): number | undefined {
  return distributionQuantity(statistic, SELECTIONS.get('all') as Selection).records?.least;
}
