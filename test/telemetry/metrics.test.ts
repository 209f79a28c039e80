import { expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metrics.ts';
import type { Snapshot } from '../../src/telemetry/snapshot.ts';
import { snapshotWith } from './snapshot-fixture.ts';

/** Figures that no metric shows, and why. */
const LEFT_OUT: readonly [path: RegExp, why: string][] = [
  [/^pool\.(acquires|allocatedBytes|freedBytes)$/, 'the sum of its tiers'],
  [/^loans\.bytes$/, 'memory.loanBytes'],
  [/^latency\.clipped$/, 'clipped.latency'],
  [/\.mean$/, 'the sum beside the count'],
  [/^(.*\.)?interval[A-Z].*\.(count|sum|clipped)$/, 'what the total rose by'],
  [/^cleanup\.intervalGc\..*\.p\d+$/, 'of a second of one thread the longest pause is enough'],
  [/^decisions\.recent\./, 'events, not figures'],
  [/^health\.checks\.\w+\.(warnAt|failAt)$/, 'settings'],
];

function leaves(node: unknown, path: string[] = []): string[][] {
  if (typeof node === 'number') return [path];
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => leaves(value, [...path, key]));
}

const shown = (snapshot: Snapshot): string => JSON.stringify(METRICS.map((metric) => metric.rows(snapshot)));

it('every figure of a snapshot is in a metric, or is left out for a reason', () => {
  const snapshot = snapshotWith();
  const before = shown(snapshot);
  const missing = leaves(snapshot).filter((path) => {
    const copy = structuredClone(snapshot);
    const holder = path
      .slice(0, -1)
      .reduce<Record<string, unknown>>((at, key) => at[key] as never, copy as never);
    holder[path.at(-1)!] = (holder[path.at(-1)!] as number) * 1.5 + 2;
    return shown(copy) === before;
  });
  const unexplained = missing
    .map((path) => path.join('.'))
    .filter((path) => !LEFT_OUT.some(([pattern]) => pattern.test(path)));
  expect(unexplained).toEqual([]);
  const unused = LEFT_OUT.filter(([pattern]) => !missing.some((path) => pattern.test(path.join('.'))));
  expect(unused.map(([pattern]) => String(pattern))).toEqual([]);
});

it('every metric has a name of its own, a sentence, and as many labels as its rows', () => {
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  const snapshot = snapshotWith();
  for (const metric of METRICS) {
    expect(metric.name).toMatch(/^millpond(\.[a-z_]+)+$/);
    expect(metric.help).toMatch(/^[A-Z01].*\.$/);
    const rows = metric.rows(snapshot);
    expect(rows.length, metric.name).toBeGreaterThan(0);
    for (const [labels] of rows) expect(labels).toHaveLength(metric.labels.length);
  }
});

it('what is not known has no row', () => {
  const snapshot = snapshotWith({
    usage: { efficiency: null },
    pressure: { processShare: null, limitBytes: null },
    cpu: { process: { raw: null, smoothed: null } },
    decisions: { shadow: null },
  });
  const empty = METRICS.filter((metric) => metric.rows(snapshot).length === 0).map(({ name }) => name);
  expect(empty).toEqual([
    'millpond.pool.efficiency',
    'millpond.pressure.process',
    'millpond.process.limit',
    'millpond.cpu.process',
    'millpond.cpu.process.smoothed',
    'millpond.shadow.decisions',
    'millpond.shadow.block.size',
  ]);
});
