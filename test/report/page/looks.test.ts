import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/report/comparison.ts';
import { htmlPage } from '../../../src/report/page/page.ts';
import type { RecordingLine } from '../../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from '../made-run.ts';
import { parseRun } from '../parse-run.ts';
import { hasBrowser, type Opened, useBrowser } from './browser.ts';

const HOSTILE =
  '</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\u0007\u001b[31m\'"&amp;';
const run = parseRun('run.millpond', textOf(madeLines({ seconds: 60 })));
const other = parseRun('a/long/path/to/other.millpond', textOf(madeLines({ seconds: 60, seed: 2 })));
const alone = { comparison: null, expectedIntervalNs: 1e6 };
const comparison: Comparison = {
  base: 'run.millpond',
  others: [
    {
      ...{
        origin: 'other.millpond',
        sentence: 'Slower: p99 of fresh is 1.3 times as long.',
        change: 'worse',
      },
      figures: [
        {
          ...{ name: 'p99 of fresh', unit: 'ns', base: 434_000, other: 569_000, ratio: 1.31 },
          ...{ spread: [1.25, 1.38], p: 0.0001, change: 'worse' },
        },
        {
          ...{ name: 'hit rate', unit: 'share', base: 0.99, other: 0.99, ratio: 1 },
          ...{ spread: null, p: null, change: 'unknown' },
        },
      ],
    },
  ],
};
const pages = [
  ['one run', () => htmlPage([run], alone), ['#verdict', '#hit-rate', '#peak-memory', '#causes table']],
  [
    'two runs',
    () => htmlPage([run, other], { ...alone, comparison }),
    ['#verdict', '#side-by-side', '#ratios table'],
  ],
] as const;
const themes = ['light', 'dark'] as const;

describe.skipIf(!hasBrowser)('the page', () => {
  const browser = useBrowser();
  const looked = async ({ page, complaints, requests }: Opened) => {
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    await page.context().close();
  };

  describe.each(pages)('of %s', (_, make, first) => {
    it.each(
      themes,
    )('has nothing that axe finds at fault, %s, with all that is folded open', async (theme) => {
      const opened = await browser.open(await make(), { theme });
      const { page } = opened;
      await page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true');
      expect(await faults(page)).toEqual([]);
      await looked(opened);
    });

    it.each([360, 768, 1280, 1920])('is not wider than %i pixels', async (width) => {
      const opened = await browser.open(await make(), { width });
      const { page } = opened;
      await page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const canvases = await page.locator('canvas').evaluateAll((all) => all.map((one) => one.clientWidth));
      expect(canvases).toHaveLength(9);
      expect(Math.min(...canvases)).toBeGreaterThan(250);
      expect(Math.max(...canvases)).toBeLessThan(width);
      await looked(opened);
    });

    it('shows what matters without scrolling', async () => {
      const opened = await browser.open(await make());
      for (const selector of first) {
        const box = await opened.page.locator(selector).first().boundingBox();
        expect(box, selector).not.toBeNull();
        expect((box?.y ?? 0) + (box?.height ?? 0), selector).toBeLessThanOrEqual(800);
      }
      await looked(opened);
    });
  });

  it('has every percentile of every cause in sight on a telephone, too', async () => {
    const opened = await browser.open(await htmlPage([run], alone), { width: 360, height: 740 });
    const cells = opened.page.locator('#causes tbody td');
    const count = run.intervals[0].series.length > 0 ? 3 : 0;
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < 4; column++) {
        const box = await cells.nth(row * 5 + column).boundingBox();
        expect((box?.x ?? 999) + (box?.width ?? 999)).toBeLessThanOrEqual(360);
        expect((box?.y ?? 999) + (box?.height ?? 999)).toBeLessThanOrEqual(740);
      }
    }
    await looked(opened);
  });

  it('turns dark and light by its button', async () => {
    const opened = await browser.open(await htmlPage([run], alone));
    const { page } = opened;
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    const pixels = () => page.evaluate('document.querySelector("#plot-budget canvas").toDataURL()');
    const drawn = await pixels();
    await page.getByRole('button', { name: 'Show it dark' }).click();
    expect(await background()).not.toBe(light);
    await expect.poll(async () => (await pixels()) === drawn).toBe(false);
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show it light' }).click();
    expect(await background()).toBe(light);
    await expect.poll(async () => (await pixels()) === drawn).toBe(true);
    await looked(opened);
  });

  it('prints on light paper what is folded, and no plot wider than it', async () => {
    const opened = await browser.open(await htmlPage([run], alone), { theme: 'dark', width: 1280 });
    const { page } = opened;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.setViewportSize({ width: 700, height: 990 });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(700);
    expect(await page.getByRole('table', { name: 'Latency over time' }).isVisible()).toBe(true);
    expect((await page.pdf()).length).toBeGreaterThan(50_000);
    await looked(opened);
  });

  it('takes hostile names for text', async () => {
    const lines = madeLines({ seconds: 30, label: HOSTILE }).map((line): RecordingLine => {
      if (line.kind === 'interval') {
        return { ...line, slowest: line.slowest.map(([, ...rest]) => [HOSTILE, ...rest] as const) };
      }
      if (line.kind === 'decision') return { ...line, decision: { ...line.decision, reason: HOSTILE } };
      return line;
    });
    const lost = { kind: 'worker-lost', at: 3, shard: 1, exitCode: 134, task: HOSTILE } as const;
    const hostile = parseRun(HOSTILE, textOf([lines[0], lost, ...lines.slice(1)]));
    const html = await htmlPage([hostile, run], { ...alone, comparison: { ...comparison, base: HOSTILE } });
    expect(['\u202e', '\u0007', '\u001b'].filter((one) => html.includes(one))).toEqual([]);
    const opened = await browser.open(html);
    const { page } = opened;
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('canvas').count()).toBe(9);
    await expect
      .poll(() => page.locator('.details bdi').first().textContent())
      .toBe(
        '</script><script>alert(1)</script><img src=x onerror=alert(2)>\\u{202e}gnp.exe\\u{0007}\\u{001b}[31m\'"&amp;',
      );
    await looked(opened);
  });

  it('lets nothing in it run or load but its own script', async () => {
    const opened = await browser.open(await htmlPage([run], alone));
    const { page, complaints } = opened;
    await page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken"';
      document.body.append(script);
      const image = new Image();
      image.src = 'https://example.com/x.png';
      document.body.append(image);
    }`);
    await expect.poll(() => complaints.length).toBe(2);
    expect(await page.title()).not.toBe('taken');
    expect(opened.requests).toEqual([]);
    await page.context().close();
  });

  it('has all its words without a script, and says what is missing', async () => {
    const html = (await htmlPage([run], alone)).replace(/<script>[\s\S]*<\/script>/, '');
    const opened = await browser.open(html);
    expect(await opened.page.getByRole('table').count()).toBe(3);
    expect(html.includes('<noscript>')).toBe(true);
    await looked(opened);
  });
});

async function faults(page: Opened['page']): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`);
}
