import { afterEach, describe, expect, it } from 'vitest';
import { merge, valueAt } from '../../../src/report/histograms.ts';
import { NINES } from '../../../src/report/page/curves.ts';
import { bytes, clock, duration } from '../../../src/report/page/format.ts';
import { htmlPage } from '../../../src/report/page/page.ts';
import { madeLines, textOf } from '../made-run.ts';
import { parseRun } from '../parse-run.ts';
import { at, hasBrowser, hover, type Opened, reading, useBrowser } from './browser.ts';

const run = parseRun('run.millpond', textOf(madeLines({ seconds: 60 })));
const other = parseRun('other.millpond', textOf(madeLines({ seconds: 40, seed: 2, slowness: 2 })));
const alone = { comparison: null, expectedIntervalNs: null };

describe.skipIf(!hasBrowser)('plots in the browser', () => {
  const browser = useBrowser();
  let opened: Opened;
  const open = async (...args: Parameters<typeof htmlPage>) => {
    opened = await browser.open(await htmlPage(...args));
    return opened.page;
  };
  afterEach(async () => {
    const { page, complaints, requests } = opened;
    await page.context().close();
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('tell the percentile under the mouse as the histogram has it', async () => {
    const page = await open([run], alone);
    const merged = merge(run.intervals, (name) => name.startsWith('latency/hit/'));
    const all = merge(run.intervals, (name) => name.startsWith('latency/'));
    const end = NINES.findIndex((nines) => nines >= (all?.histogram.totalCount ?? 0));
    for (const index of [5, 16, 32, 48]) {
      await hover(page, 'percentiles', Math.log(NINES[index]) / Math.log(NINES[end]));
      await expect
        .poll(() => reading(page, 'percentiles', 'hit').textContent())
        .toBe(duration(valueAt(merged!, 100 - 100 / NINES[index])));
    }
    await expect.poll(() => at(page, 'percentiles').textContent()).toContain('1 in 1,000 is slower');
  });

  it('tell memory over time under the mouse, in all plots over time', async () => {
    const page = await open([run], alone);
    for (const index of [7, 31]) {
      const { to, budget, blockBytes } = run.intervals[index];
      await hover(page, 'budget', to / run.seconds);
      await expect.poll(() => reading(page, 'budget', 'used').textContent()).toBe(bytes(budget.usedBytes));
      await expect.poll(() => reading(page, 'block', 'block').textContent()).toBe(bytes(blockBytes));
    }
  });

  it('read by keyboard each cell of the heat map, and all of them are all requests', async () => {
    const page = await open([run], alone);
    await page.locator('#plot-heat .frame').focus();
    for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowRight');
    for (let step = 0; step < 60; step++) await page.keyboard.press('ArrowDown');
    const counts = new Map<string, number>();
    for (let step = 0; step < 60; step++) {
      const text = (await at(page, 'heat').textContent()) as string;
      const [, range, requests] = /· (.*): ([\d,]+) requests/.exec(text) as RegExpExecArray;
      counts.set(range, Number(requests.replaceAll(',', '')));
      await page.keyboard.press('ArrowUp');
    }
    const column = merge([run.intervals[3]], (name) => name.startsWith('latency/'));
    expect([...counts.values()].reduce((sum, one) => sum + one)).toBe(column?.histogram.totalCount);
    expect(counts.size).toBeGreaterThan(20);
  });

  it('zoom by dragging, all plots over time together, and go back by a double click', async () => {
    const page = await open([run], alone);
    await hover(page, 'block', 0.5);
    await page.mouse.down();
    await hover(page, 'block', 0.75);
    await page.mouse.up();
    await hover(page, 'budget', 0);
    // The first point that is seen ends soon after half of the run.
    await expect.poll(() => at(page, 'budget').textContent()).toMatch(/^(29|30) s to (30|31) s/);
    await hover(page, 'throughput', 1);
    await expect.poll(() => at(page, 'throughput').textContent()).toMatch(/^4[34] s to 4[45] s/);
    await hover(page, 'pauses', 0.5);
    await page.mouse.dblclick(...(await middle(page, 'pauses')));
    await hover(page, 'budget', 0);
    await expect.poll(() => at(page, 'budget').textContent()).toMatch(/^0 s to 1 s/);
  });

  it('zoom, move and go back by keyboard, and say what they read', async () => {
    const page = await open([run], alone);
    const spoken = page.locator('#plot-budget [role=status]');
    await page.locator('#plot-budget .frame').focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press('Shift+ArrowRight');
    const { from, to, budget } = run.intervals[29];
    await expect.poll(() => spoken.textContent()).toContain(`${clock(from)} to ${clock(to)}`);
    expect(await spoken.textContent()).toContain(`used ${bytes(budget.usedBytes)}`);
    for (let step = 0; step < 3; step++) await page.keyboard.press('+');
    await hover(page, 'block', 0);
    await expect.poll(() => at(page, 'block').textContent()).toMatch(/^2[5-7] s to/);
    await page.keyboard.press('-');
    // Around the cursor, which is at the left edge: twice as much is seen to its right.
    await hover(page, 'block', 1);
    await expect.poll(() => at(page, 'block').textContent()).toMatch(/^(39|40|41) s to/);
    await page.keyboard.press('0');
    await hover(page, 'block', 0);
    await expect.poll(() => at(page, 'block').textContent()).toMatch(/^0 s to 1 s/);
  });

  it('follow the cursor out of what is seen', async () => {
    const page = await open([run], alone);
    await page.locator('#plot-budget .frame').focus();
    await page.keyboard.press('ArrowRight');
    for (let step = 0; step < 4; step++) await page.keyboard.press('+');
    for (let step = 0; step < 5; step++) await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => at(page, 'budget').textContent()).toContain('50 s to 51 s');
    expect(await page.locator('#plot-budget .u-cursor-x').isVisible()).toBe(true);
    for (let step = 0; step < 5; step++) await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => at(page, 'budget').textContent()).toContain('0 s to 1 s');
  });

  it('show another tier when it is chosen, and hide a line by its button', async () => {
    const page = await open([run], alone);
    const lines = page.locator('#plot-percentiles .legend button');
    expect(await lines.allTextContents()).toEqual(['all requests', 'hit', 'fresh', 'waited']);
    await page.locator('#plot-percentiles select').selectOption('medium');
    expect(await lines.allTextContents()).toEqual(['all requests', 'hit', 'fresh']);
    const hit = lines.nth(1);
    await hit.click();
    expect(await hit.getAttribute('aria-pressed')).toBe('false');
  });

  it('mark decisions, and tell their reasons', async () => {
    const page = await open([run], alone);
    const { atSeconds, kind, reason } = run.decisions[1];
    await hover(page, 'budget', atSeconds / run.seconds);
    await expect.poll(() => at(page, 'budget').textContent()).toContain(`${kind}: ${reason}`);
  });

  it('lay several runs over each other', async () => {
    const page = await open([run, other], alone);
    expect(await page.locator('#plot-percentiles .legend button').allTextContents()).toEqual(['A', 'B']);
    const index = 20;
    await hover(page, 'budget', run.intervals[index].to / run.seconds);
    for (const [name, { intervals }] of [['A', run] as const, ['B', other] as const]) {
      await expect
        .poll(() => reading(page, 'budget', name).textContent())
        .toBe(bytes(intervals[index].budget.usedBytes));
    }
    await page.locator('#plot-budget select').selectOption('B');
    await hover(page, 'budget', other.intervals[index].to / other.seconds);
    await expect
      .poll(() => reading(page, 'budget', 'used').textContent())
      .toBe(bytes(other.intervals[index].budget.usedBytes));
  });

  it('draw a corrected curve where an interval is known, which is nowhere quicker', async () => {
    const page = await open([run], { ...alone, expectedIntervalNs: 100_000 });
    await hover(page, 'percentiles', 0.7);
    const values = await Promise.all(
      ['all requests', 'all requests, corrected'].map((name) =>
        reading(page, 'percentiles', name).textContent(),
      ),
    );
    const nanoseconds = values.map((text) => {
      const [value, unit] = (text as string).split(' ');
      return Number(value) * { ns: 1, us: 1e3, ms: 1e6 }[unit as 'ns'];
    });
    expect(nanoseconds[1]).toBeGreaterThan(nanoseconds[0] * 2);
  });
});

async function middle(page: Opened['page'], plot: string): Promise<[number, number]> {
  const box = await page.locator(`#plot-${plot} .u-over`).boundingBox();
  if (box === null) throw new Error(`${plot} is not drawn`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}
