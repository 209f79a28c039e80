import { describe, expect, it } from 'vitest';
import { checkGates, parseGate } from '../../src/report/gate.ts';
import { merge, valueAt } from '../../src/report/histograms.ts';
import { intervalTable } from '../../src/report/interval-table.ts';
import { htmlPage } from '../../src/report/page/page.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import type { IntervalLine, RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';
import { madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const PLAIN = { byWorker: false, expectedIntervalNs: null };

function changed(
  change: (interval: IntervalLine, at: number) => Partial<IntervalLine>,
  more: RecordingLine[] = [],
) {
  let at = 0;
  const lines = madeLines({ seconds: 20, crashed: true }).map((line) =>
    line.kind === 'interval' ? { ...line, ...change(line, at++) } : line,
  );
  return parseRun('run', textOf([...lines, ...more]));
}

const healthOf = (run: RecordedRun) => runDocument(run, PLAIN).health;

describe('the verdict on a run', () => {
  it('is that of its last snapshot', () => {
    const snapshot = snapshotWith({ pool: { hitRate: 0.7 } });
    const run = changed(() => ({}), [{ kind: 'end', at: 20, snapshot }]);
    expect(healthOf(run)).toEqual(snapshot.health);
    expect(healthOf(run).checks.hitRatio.state).toBe('warn');
  });

  it('comes from figures, not from what the file says of them', () => {
    const snapshot = { ...snapshotWith(), health: { ...snapshotWith().health, sentence: 'Trust me.' } };
    const run = changed(() => ({}), [{ kind: 'end', at: 20, snapshot }]);
    expect(healthOf(run).sentence).toBe('All checks are fine.');
  });

  it('of one that crashed is that of its intervals', () => {
    expect(healthOf(changed(() => ({}))).verdict).toBe('ok');
    const misses = changed(() => ({ served: { hit: [10, 0, 0, 0], fresh: [90, 0, 0, 0] } }));
    expect(healthOf(misses).checks.hitRatio).toMatchObject({ state: 'fail', value: 0.1 });
    const pressed = changed((_, at) => ({ pressure: at < 4 ? 'critical' : 'nominal' }));
    expect(healthOf(pressed).checks.pressureLevel).toMatchObject({ state: 'fail', value: 3 });
    expect(healthOf(changed(() => ({ pressure: 'high' }))).checks.pressureLevel.state).toBe('warn');
    const slow = parseRun('run', textOf(madeLines({ seconds: 20, crashed: true, slowness: 3000 })));
    expect(healthOf(slow).checks.allocationLatency.state).toBe('warn');
    const stuck = changed(
      () => ({}),
      [
        ...[1, 2].map(
          (number): RecordingLine => ({
            kind: 'decision',
            decision: {
              ...snapshotWith().decisions.recent[0],
              ...{ number: number + 10, atSeconds: 15 + number, kind: 'emergency', score: null },
            },
          }),
        ),
        { kind: 'recovery', at: 19, recovered: false, milliseconds: 30_000, recoveredBytes: 0 },
      ],
    );
    expect(healthOf(stuck).checks.recoverySuccessRate.sentence).toMatch(
      /^0 of 1 emergencies .*one is in progress/,
    );
  });
});

describe('the document of a run', () => {
  const run = parseRun('run', textOf(madeLines({ seconds: 30 })));
  const document = runDocument(run, { byWorker: true, expectedIntervalNs: 500_000 });

  it('has the distributions of the recording, each group once', () => {
    const latency = merge(run.intervals, (name) => name.startsWith('latency/'))!;
    expect(document.latency.all).toEqual({
      count: latency.histogram.totalCount,
      sum: latency.sum,
      mean: latency.sum / latency.histogram.totalCount,
      p50: valueAt(latency, 50),
      p90: valueAt(latency, 90),
      p99: valueAt(latency, 99),
      p999: valueAt(latency, 99.9),
      max: latency.max,
    });
    expect(Object.keys(document.gc).sort()).toEqual(['gc', 'gc/major', 'gc/minor']);
    expect(Object.keys(document.lifetimes)).toEqual(['lifetime', 'lifetime/medium']);
    expect(document.gc.gc.count).toBe(document.gc['gc/minor'].count + document.gc['gc/major'].count);
    expect(document.recovery).toBeNull();
  });

  it('adds up what the intervals say', () => {
    const last = run.intervals[29];
    expect(document.memory).toMatchObject({
      limitBytes: 104_857_600,
      peakBytes: last.budget.peakBytes,
      peakShare: last.budget.peakBytes / 104_857_600,
      mostRssBytes: Math.max(...run.intervals.map(({ rssBytes }) => rssBytes)),
    });
    const seconds = Object.values(document.memory.secondsAtLevel).reduce((a, b) => a + b);
    expect(seconds).toBe(30);
    expect(document.memory.secondsAtLevel.elevated).toBe(
      run.intervals.filter(({ pressure }) => pressure === 'elevated').length,
    );
    expect(document.processedBytes).toBe(
      run.intervals.flatMap(({ shards }) => shards.map(([, , , bytes]) => bytes)).reduce((a, b) => a + b),
    );
    expect(document.moves).toEqual({ quota: 4, buffers: 0 });
    // Of hits one in 64, all others; two reads of 35 ns and a record of 30 ns each.
    const timed = 99_840 / 64 + 420;
    expect(document.overhead).toEqual({
      timedRequests: timed,
      nanoseconds: timed * 100,
      share: (timed * 100) / (30e9 * 2),
    });
  });

  it('has corrected latencies that are no lower, and no others', () => {
    const { correctedLatency } = document;
    expect(correctedLatency!.all!.count).toBeGreaterThan(document.latency.all!.count);
    for (const name of ['p50', 'p99', 'p999', 'max'] as const) {
      expect(correctedLatency!.all![name]).toBeGreaterThanOrEqual(document.latency.all![name]);
    }
    expect(Object.keys(correctedLatency!.byCause)).toEqual(Object.keys(document.latency.byCause));
  });

  it('says how many runs were refused and why, where any was', async () => {
    const none = { queueFull: 0, tenantQueued: 0, tenantBytes: 0, tooLarge: 0 };
    expect(document.refusedRuns).toEqual(none);
    const shown = (given: RecordedRun) => formatRun(runDocument(given, PLAIN), process.stdout);
    const page = (given: RecordedRun) => htmlPage([given], { comparison: null, expectedIntervalNs: null });
    expect(shown(run)).not.toContain('refused:');
    expect(await page(run)).not.toContain('refused:');
    const [first, second, ...rest] = run.intervals;
    const refusing = {
      ...run,
      intervals: [
        { ...first, refusedRuns: { queueFull: 3 } },
        { ...second, refusedRuns: { queueFull: 4, tooLarge: 1 } },
        ...rest,
      ],
    };
    expect(runDocument(refusing, PLAIN).refusedRuns).toEqual({ ...none, queueFull: 7, tooLarge: 1 });
    const text = '8 runs were refused: 7 because the queue was full, 1 because they could never have started';
    expect(shown(refusing)).toContain(text);
    expect(await page(refusing)).toContain(`${text}.`);
    const rows = intervalTable([refusing]).split('\n');
    const at = rows[0].split(',').indexOf('runs_refused');
    expect(rows.slice(1, 4).map((row) => row.split(',')[at])).toEqual(['3', '5', '0']);
    expect(checkGates([parseGate('refused-runs > 7')], [refusing])[0]).toMatchObject({
      failed: true,
      sentence: 'Refused runs: 8, over 7.',
    });
    const crashed = runDocument({ ...refusing, end: null }, PLAIN).health.checks.queueFull;
    expect(crashed.sentence).toBe('4 waiting, and 7 runs were refused because the queue was full.');
  });

  it('is JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
