import { describe, expect, it } from 'vitest';
import { MiB } from '../../../src/bytes.ts';
import { merge, valueAt } from '../../../src/report/histograms.ts';
import { NINES } from '../../../src/report/page/curves.ts';
import {
  bytes,
  clock,
  count,
  duration,
  percentileName,
  ratio,
  share,
} from '../../../src/report/page/format.ts';
import { html, jsonInHtml } from '../../../src/report/page/html.ts';
import { htmlPage } from '../../../src/report/page/page.ts';
import { runDataOf } from '../../../src/report/page/run-data.ts';
import { bucketsOf, MOST_BUCKETS, timeOf } from '../../../src/report/page/time.ts';
import { type MadeRun, madeLines, textOf } from '../made-run.ts';
import { parseRun } from '../parse-run.ts';
import { hasBrowser, useBrowser } from './browser.ts';

const made = (options: MadeRun) => parseRun('run.millpond', textOf(madeLines(options)));
const alone = { comparison: null, expectedIntervalNs: null };
const MOST_CHARACTERS = 1e6;

describe('what a page says of a run', () => {
  const run = made({ seconds: 60 });
  const data = runDataOf(run, null);

  it('is what the recording holds', async () => {
    const fresh = merge(run.intervals, (name) => name.startsWith('latency/fresh/'));
    const cause = data.causes.find(({ cause }) => cause === 'fresh');
    expect(cause).toMatchObject({ served: 60 * 12, latency: { p99: valueAt(fresh!, 99), max: fresh?.max } });
    expect(data.hits).toEqual({ served: 60 * 3342, pooled: 60 * 3328, refused: 0 });
    const curve = data.curves.find(({ name, tier }) => name === 'fresh' && tier === 'all');
    expect(curve?.values[32]).toBe(valueAt(fresh!, 99));
    expect(curve?.values.at(-1)).toBe(fresh?.max);
    expect(NINES[32]).toBe(100);
    const shares = new Set(data.decisions.shown.map(({ requestShare }) => requestShare?.toFixed(3)));
    expect([...shares]).toEqual(['0.070']);
    expect(await htmlPage([run], alone)).toContain('Requests, of busy time');
  });

  it('judges a run that crashed from its intervals, and says so', () => {
    const crashed = runDataOf(made({ seconds: 60, crashed: true }), null);
    expect(crashed.verdict.state).toBe('ok');
    expect(crashed.verdict.sentence).toContain('stops without its end');
    const checks = crashed.verdict.checks.map(({ sentence }) => sentence).join(' ');
    expect(checks).toContain('99.6 % of 200520 requests were served from pooled memory');
    expect(runDataOf(made({ seconds: 60, slowness: 500, crashed: true }), null).verdict.state).toBe('warn');
  });

  it('corrects all requests for coordinated omission, however short the interval is', () => {
    const curve = runDataOf(run, 10_000).curves[0];
    const index = 48; // 99.9 %
    expect(curve.corrected?.[index]).toBeGreaterThan(curve.values[index]);
    expect(runDataOf(run, 1e-3).curves[0].corrected?.[index]).toBeGreaterThan(curve.values[index]);
  });

  it('keeps the largest of what falls together in time', () => {
    const long = made({ seconds: 700 });
    const buckets = bucketsOf(long.intervals);
    const time = timeOf(buckets);
    expect(buckets.length).toBeLessThanOrEqual(MOST_BUCKETS);
    expect(buckets.flat()).toEqual(long.intervals);
    expect(Math.max(...time.usedBytes)).toBe(
      long.intervals.reduce((most, { budget }) => Math.max(most, budget.usedBytes), 0),
    );
    expect(time.usedBytes).toHaveLength(time.to.length);
    expect(time.to.at(-1)).toBe(700);
  });

  it('has nothing to say of a run without intervals, and says it', async () => {
    const [header] = madeLines({ seconds: 1 });
    const empty = parseRun('empty.millpond', textOf([header]));
    expect(await htmlPage([empty], alone)).toContain('Hit rate</dt><dd><strong>–');
  });
});

describe('figures', () => {
  it('carry their units', () => {
    expect([0, 17, 1234, 999_999, 12.3e6, 4.5e9, 90e9].map(duration)).toEqual([
      ...['0 ns', '17 ns', '1.23 us', '1 ms', '12.3 ms', '4.5 s', '1:30 min'],
    ]);
    expect([17, 1536, 100 * MiB].map(bytes)).toEqual(['17 B', '1.5 KiB', '100 MiB']);
    expect([0.5, 59.5, 245, 86_399].map(clock)).toEqual(['0.5 s', '59.5 s', '4:05 min', '23:59:59 h']);
    expect([0, 0.0001, 0.5, 0.9999999, 1].map(share)).toEqual([
      '0 %',
      '< 0.1 %',
      '50 %',
      '99.999 %',
      '100 %',
    ]);
    expect([1, 2, 10, 100, 1000, 100_000].map(percentileName)).toEqual([
      ...['0 %', '50 %', '90 %', '99 %', '99.9 %', '99.999 %'],
    ]);
    expect([ratio(1.314), ratio(12.34), count(1234567)]).toEqual(['1.31×', '12.3×', '1,234,567']);
  });
});

describe('templates', () => {
  it('take everything for text but what came from a template', () => {
    const name = '<b title="\'">&\u202e\u0000';
    expect(html`<i>${name}${html`<br>`}${[1, null, false]}</i>`.text).toBe(
      '<i>&lt;b title=&quot;&#39;&quot;&gt;&amp;\\u{202e}\\u{0000}<br>1</i>',
    );
    const json = jsonInHtml({ name: '</script><!--\u2028&' }).text;
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json)).toEqual({ name: '</script><!--\u2028&' });
  });
});

describe('a page', () => {
  const browser = hasBrowser ? useBrowser() : null;
  const long: readonly (readonly [string, readonly MadeRun[]])[] = [
    ['a day', [{ seconds: 86_400, intervalSeconds: 17, threads: 2 }]],
    ['ten million allocations', [{ seconds: 60, hits: 90_000 }]],
    ['forty threads', [{ seconds: 60, threads: 40 }]],
    ['ten runs', Array.from({ length: 10 }, (_, seed) => ({ seconds: 200, seed: seed + 1 }))],
  ];

  it.each(long)('of %s is small, and opens', async (name, options) => {
    const runs = options.map(made);
    const page = await htmlPage(runs, alone);
    expect(page.length).toBeLessThan(MOST_CHARACTERS);
    for (const run of runs) {
      const { time, curves } = runDataOf(run, null);
      expect(time.to.length).toBeLessThanOrEqual(MOST_BUCKETS);
      expect(time.throughput.length).toBeLessThanOrEqual(8);
      for (const { values } of curves) expect(values.length).toBeLessThanOrEqual(NINES.length);
    }
    if (browser === null) return;
    const opened = await browser.open(page);
    // Everything is drawn by the time that the page is loaded.
    const loaded = await opened.page.evaluate('performance.getEntriesByType("navigation")[0].loadEventStart');
    console.log(
      `${name}: ${count(page.length)} characters, loaded and drawn in ${Math.round(loaded as number)} ms`,
    );
    expect(await opened.page.locator('canvas').count()).toBe(9);
    expect(opened.complaints).toEqual([]);
    await opened.page.context().close();
  });
});
