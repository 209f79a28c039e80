/**
 * npm run screenshots: the pictures of the report in docs/images, from recordings that are made up from a
 * seed.
 */
import { writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { compareRuns } from '../../../src/report/comparison.ts';
import { htmlPage } from '../../../src/report/page/page.ts';
import { madeLines, textOf } from '../made-run.ts';
import { parseRun } from '../parse-run.ts';

const seconds = 300;
const base = parseRun('before.millpond', textOf(madeLines({ seconds, label: 'transcode' })));
const other = parseRun(
  'after.millpond',
  textOf(madeLines({ seconds, seed: 2, slowness: 1.3, label: 'transcode' })),
);
const comparison = compareRuns([base, other]);

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
