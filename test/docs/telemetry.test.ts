import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { resolveHealth } from '../../src/telemetry/health.ts';
import { METRICS } from '../../src/telemetry/metrics.ts';
import { prometheusName } from '../../src/telemetry/prometheus.ts';

const text = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');

it('the table of metrics has every metric, in the order of the source, as it is', () => {
  const rows = text.split('\n').filter((line) => line.startsWith('| `millpond_'));
  const expected = METRICS.map((metric) => {
    const labels = metric.labels.map((label) => `\`${label}\``).join(', ');
    const unit = metric.unit.startsWith('{') ? metric.unit.replace(/[{}]/g, '') : metric.unit;
    return `| \`${prometheusName(metric)}\` | \`${metric.name}\` | ${metric.kind} | ${unit} | ${labels} | ${metric.help} |`;
  });
  expect(rows).toEqual(expected);
});

it('the table of checks has their default thresholds', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+) \|/gm)];
  const thresholds = rows.map(([, name, warn, fail]) => [name, { warn: Number(warn), fail: Number(fail) }]);
  expect(thresholds).toEqual(Object.entries(resolveHealth()));
});
