/** npm run screenshots: the pictures of the report in docs/images, from recordings that are made up from a seed. */
import { writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import type { Comparison } from '../../../src/report/comparison.ts';
import { htmlPage } from '../../../src/report/page/page.ts';
import { parseRun } from '../../../src/report/read-run.ts';
import { madeLines, textOf } from '../made-run.ts';

const seconds = 300;
const base = parseRun('before.millpond', textOf(madeLines({ seconds, label: 'transcode' })));
const other = parseRun('after.millpond', textOf(madeLines({ seconds, seed: 2, slowness: 1.3 })));
const comparison: Comparison = {
  base: base.origin,
  others: [
    {
      origin: other.origin,
      sentence:
        'Slower: p99 of fresh is 1.3 times as long (1.2 to 1.4), and so is p99 of hits; hit rate and throughput differ by no more than chance.',
      change: 'worse',
      figures: [
        figure('p99 of hit', 'ns', 1551, 2015, [1.25, 1.36], 0.0001, 'worse'),
        figure('p99 of fresh', 'ns', 434_000, 569_000, [1.22, 1.38], 0.0001, 'worse'),
        figure('hit rate', 'share', 0.996, 0.996, [1, 1], 0.84, 'noise'),
        figure('throughput', 'B/s', 57.2e6, 57.3e6, [0.99, 1.01], 0.62, 'noise'),
      ],
    },
  ],
};

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const report = await htmlPage([base], { comparison: null, expectedIntervalNs: 1e6 });
  const diff = await htmlPage([base, other], { comparison, expectedIntervalNs: null });
  await shoot('report-light', report, 'light', 1200);
  await shoot('report-dark', report, 'dark', 1200);
  await shoot('comparison', diff, 'light', 1140);
} finally {
  await browser.close();
}

async function shoot(
  name: string,
  html: string,
  colorScheme: 'light' | 'dark',
  height: number,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme });
  await page.setContent(html);
  await writeFile(new URL(`../../../docs/images/${name}.png`, import.meta.url), await page.screenshot());
  await page.close();
}

function figure(
  name: string,
  unit: Comparison['others'][number]['figures'][number]['unit'],
  base: number,
  other: number,
  spread: readonly [number, number],
  p: number,
  change: 'worse' | 'noise',
): Comparison['others'][number]['figures'][number] {
  return { name, unit, base, other, ratio: other / base, spread, p, change };
}
