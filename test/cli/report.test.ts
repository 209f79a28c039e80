import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { bin, millpond, scratch, start, startProgram } from '../e2e/millpond.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { recordingsIn } from './recordings.ts';

const at = scratch();
const recording = recordingsIn(at);

describe('millpond report', () => {
  it('says on one screen what a run was like', async () => {
    const { code, stdout, stderr } = await millpond('report', recording('run.millpond'));
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^run {8}made up, 2026-11-25 08:00:00 UTC, 30\.0 s on 2 threads: .*run\.millpond$/,
    );
    expect(lines[2]).toBe('verdict    Healthy: memory kept up with the work, all 11 checks are fine.');
    expect(lines[3]).toBe('requests   100260, 99.6 % from pooled memory');
    expect(stdout).toMatch(/^memory {5}peak \d+(\.\d)? MiB of 100 MiB \(\d+(\.\d)? %\), the whole process/m);
    expect(stdout).toMatch(/^latency {21}requests {8}p50 {8}p99 {6}p99\.9 {8}max$/m);
    expect(stdout).toMatch(/^ {11}fresh +360 +\d+\.\d us/m);
    expect(stdout).toMatch(/^ {11}all +100260 +\d+ ns/m);
    expect(stdout).toContain('One hit in 64 was timed and counts 64 times; everything else was timed.');
    expect(stdout).toMatch(/^ {11}queue +300 /m);
    expect(stdout).toMatch(/^ {11}service +300 /m);
    expect(stdout).toMatch(/^collector +pauses/m);
    expect(stdout).toMatch(/^decisions {2}1 shrink; 1 good$/m);
    expect(stdout).toContain(
      "The clock's resolution is 40 ns; one read costs 35 ns, recording a value 30 ns.",
    );
    expect(stdout).toMatch(
      /Timing 1980 requests took 198\.0 us in all, under 0\.001 % of the workers' time;/,
    );
    expect(stdout).toContain('30 intervals of 1.0 s in');
    expect(stdout).not.toMatch(/clipped|remarks|corrected|worker-1 {3}/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(240);
  });

  it('says of a run that crashed so, with a verdict from what there is', async () => {
    const crashed = recording('crashed.millpond', { crashed: true }, (text) => text.slice(0, -500));
    const { code, stdout } = await millpond('report', crashed);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^verdict {4}Healthy: .* It has no end, so this is judged from what was written\.$/m,
    );
    expect(stdout).toMatch(/^remarks {4}Line \d+ is incomplete and was left out\.$/m);
    expect(stdout).toMatch(/^ {11}The recording has no end: the run crashed, or is still running\.$/m);
  });

  it('says little of a run that crashed before its first interval, and writes all the same', async () => {
    const bare = recording('bare.millpond', {}, (text) => text.slice(0, text.indexOf('\n') + 1));
    const out = ['--html', at('bare.html'), '--hlog', at('bare.hlog'), '--hgrm', at('bare')];
    const { code, stdout } = await millpond(
      'report',
      bare,
      ...out,
      '--expected-interval',
      '1ms',
      '--by-worker',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^requests {3}none$/m);
    expect(stdout).toMatch(/^latency {4}nothing was timed$/m);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    expect(readFileSync(at('bare.hlog'), 'utf8').trimEnd().split('\n').length).toBe(5);
    expect(readdirSync(at('bare'))).toEqual([]);
    expect((await millpond('report', bare, '--csv')).stdout.split('\n').length).toBe(2);
  });

  it('says what failed, what was lost and what was clipped, and lets no name speak to the terminal', async () => {
    const lines = madeLines({ seconds: 10, hits: 0, crashed: true }).map((line) =>
      line.kind === 'interval'
        ? { ...line, clipped: 2, served: { fresh: [0, 90, 0, 0] as const, refused: [0, 0, 1, 0] as const } }
        : line.kind === 'header'
          ? { ...line, label: 'evil\u001b[2J', options: { ...line.options, sampleEvery: 1 } }
          : line,
    );
    writeFileSync(
      at('lost.millpond'),
      textOf([
        ...lines,
        { kind: 'worker-lost', at: 10, shard: 2, exitCode: 1, task: 'a\u001b]0;b\u0007.wav' },
      ]),
    );
    const { stdout } = await millpond('report', at('lost.millpond'));
    expect(stdout).toContain('verdict    Memory held this run back. It has no end');
    expect(stdout).toMatch(/fail hitRatio: 0\.0 % of 900 requests were served from pooled memory\./);
    expect(stdout).toContain('910, 0 % from pooled memory, 10 refused');
    expect(stdout).toContain(
      'lost       worker 2 with exit code 1 after 10.0 s, in a\\u001b]0;b\\u0007.wav\n',
    );
    expect(stdout).toContain('20 values outside the range of their histogram');
    expect(stdout).toContain('Every request was timed.');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('shows what the callers who were held up missed, where they are said to ask every so often', async () => {
    const run = recording('omission.millpond');
    const { stdout } = await millpond('report', run, '--expected-interval', '1ms');
    expect(stdout).toMatch(/^corrected +p50 +corrected +p99 +corrected +p99\.9 +corrected$/m);
    expect(stdout).toMatch(/^ {11}waited +3\.2 ms +2\.6 ms +10\.9 ms +10\.5 ms +10\.9 ms +10\.9 ms$/m);
    expect(stdout).toMatch(/^ {11}all( +\d+ ns){2} +1\.7 us +1\.8 us +221\.2 us +2\.4 ms$/m);
    expect(stdout).toMatch(/that adds \d+ requests that were never made \(coordinated omission\)\.$/m);
    expect(stdout).toContain('As if each caller had asked every 1.0 ms, and also while it was held up');
    const { stdout: json } = await millpond('report', run, '--expected-interval', '1ms', '--json');
    const [{ latency, correctedLatency }] = JSON.parse(json).runs;
    expect(correctedLatency.expectedIntervalNanoseconds).toBe(1e6);
    expect(correctedLatency.byCause.waited.count).toBeGreaterThan(latency.byCause.waited.count);
    expect(correctedLatency.byCause.fresh.count).toBeGreaterThanOrEqual(latency.byCause.fresh.count);
  });

  it('prints one JSON object with --json, by worker if asked', async () => {
    const run = recording('json.millpond');
    const { code, stdout } = await millpond('report', run, '--json', '--by-worker');
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ schema: 'millpond.report/1', comparison: null, gates: [] });
    const [one] = document.runs;
    expect(one).toMatchObject({
      recording: run,
      ended: true,
      seconds: 30,
      hitWeight: 64,
      clipped: 0,
      correctedLatency: null,
      tasks: { succeeded: 300, failed: 0, cancelled: 0, lost: 0 },
      requests: { requests: 100_260, pooled: 99_840, refused: 0, byCause: { fresh: 360, waited: 60 } },
      intervals: { count: 30, shortestSeconds: 1, longestSeconds: 1 },
    });
    expect(Object.keys(one.latencyByThread)).toEqual(['worker-1', 'worker-2']);
    expect(one.latency.all.count).toBe(
      one.latencyByThread['worker-1'].all.count + one.latencyByThread['worker-2'].all.count,
    );
    expect(Object.keys(one.latency.byCauseAndTier).sort()).toEqual([
      ...['fresh/large', 'fresh/medium', 'hit/large', 'hit/medium', 'waited/large'],
    ]);
    expect([one.queue.count, one.service.count, one.gc['gc/minor'].count]).toEqual([300, 300, 180]);
    expect(one.slowestTasks.length).toBe(5);
  });

  it('prints a table of intervals with --csv', async () => {
    const { code, stdout } = await millpond('report', recording('csv.millpond'), '--csv');
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBe(32);
  });

  it('shows each thread with --by-worker', async () => {
    const { stdout } = await millpond('report', recording('threads.millpond', { threads: 3 }), '--by-worker');
    expect(stdout.match(/^worker-\d +requests/gm)?.length).toBe(3);
  });

  it('compares several recordings with the first, and is a gate', async () => {
    const base = recording('before.millpond', { seconds: 100, seed: 3 });
    const slow = recording('after.millpond', { seconds: 100, seed: 4, slowness: 2 });
    const gates = ['--fail-if', 'p99(fresh) > 1.2x', '--fail-if', 'p99(waited) > 60s'];
    const out = ['--html', at('diff.html')];
    const { code, stdout, stderr } = await millpond('report', base, slow, ...gates, ...out);
    expect([code, stderr]).toEqual([1, `wrote ${at('diff.html')}\n`]);
    expect(stdout).toMatch(/^\S*after\.millpond beside \S*before\.millpond: worse\. .*\S$/m);
    expect(stdout).toMatch(
      /^ {2}p50 of fresh allocations +\S+ us +\S+ us +[12]\.\d\d x {2}\d\.\d\d to \d\.\d\d +worse$/m,
    );
    expect(stdout).toMatch(/^FAILED {2}p99 of fresh allocations: /m);
    expect(stdout).toMatch(/^passed {2}/m);
    expect(readFileSync(at('diff.html'), 'utf8')).toMatch(/^<!doctype html>/);
    const json = await millpond('report', base, slow, ...gates, '--json');
    expect(json.code).toBe(1);
    const document = JSON.parse(json.stdout);
    expect(document.runs.length).toBe(2);
    expect(document.comparison.others[0].change).toBe('worse');
    expect(document.gates.map(({ failed }: { failed: boolean }) => failed)).toEqual([true, false]);
    expect((await millpond('report', base, base, ...gates)).code).toBe(0);
  });

  it('needs little memory to refuse what would take much', async () => {
    const cut = cutOfSeries('queue');
    const counts = Array.from({ length: cut.length }, (_, index) => [index, 1]).flat();
    const series = Array(20_000).fill(['queue', 0, encodeSparse(counts, cut), 1, 1]);
    const [header, interval] = madeLines();
    writeFileSync(at('bomb'), textOf([header, { ...interval, series } as unknown as RecordingLine]));
    const run = startProgram(process.execPath, ['--max-old-space-size=500', ...bin, 'report', at('bomb')]);
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/20000000 counts at most.*ERR_RECORDING_INVALID/),
    ]);
  });

  it('ends quietly when nobody reads on', async () => {
    const { child, ended } = start(['report', recording('pipe.millpond', { seconds: 300 }), '--csv']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each<[string[], RegExp]>([
    [[], /missing required argument 'recordings'/],
    [['--json', '--csv'], /cannot be used with/],
    [['--fail-if', 'speed > much'], /ERR_INVALID_ARGUMENT/],
  ])('refuses %j', async (options, message) => {
    const files = options.length === 0 ? [] : [recording('any.millpond')];
    const { code, stderr } = await millpond('report', ...files, ...options);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('refuses a log of several recordings, and what is no recording', async () => {
    const run = recording('one.millpond');
    const several = await millpond('report', run, recording('two.millpond'), '--hlog', at('x.hlog'));
    expect([several.code, several.stderr]).toEqual([
      2,
      expect.stringMatching(/got 2 recordings\. Call it once/),
    ]);
    const damaged = await millpond(
      'report',
      recording('bad.millpond', {}, (text) => text.replace('"to":5', '"to":-5')),
    );
    expect([damaged.code, damaged.stdout]).toEqual([2, '']);
    expect(damaged.stderr).toMatch(
      /^millpond: Line 6 of .*bad\.millpond is damaged: .*\(ERR_RECORDING_INVALID\)\n$/,
    );
  });
});
