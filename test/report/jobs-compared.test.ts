/** What comparisons and gates say of the jobs of runs. */
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MillpondError } from '../../src/errors.ts';
import { compareRuns } from '../../src/report/comparison.ts';
import { formatComparison } from '../../src/report/comparison-summary.ts';
import { checkGates, parseGate } from '../../src/report/gate.ts';
import { htmlPage } from '../../src/report/page/page.ts';
import { taskQuantity } from '../../src/report/quantities.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { jobSelection } from '../../src/report/selections.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const made = (options: MadeRun = {}, origin = 'run.millpond'): RecordedRun =>
  parseRun(origin, textOf(madeLines({ seconds: 40, ...options })));

/** A formula, a quote, an end of a line, what clears a terminal, an element, another folder. */
const HOSTILE = '=1+"2",\n\u001b[2J<b>/../../x\u202e';
const two = made({ jobs: ['transcode', 'analyze'] });
/** As one that says nothing of jobs, and as one that has only this. */
const none = made();
const one = made({ jobs: ['transcode'] });
const hostile = made({ jobs: [HOSTILE, 'analyze'] });

describe('a gate on a job', () => {
  const check = (text: string, ...runs: RecordedRun[]) => checkGates([parseGate(text)], runs)[0];
  const slow = made({ seed: 2, jobs: ['transcode', 'analyze'], slowThread: 2, slowness: 3 });

  it.each([
    ['p99(service/analyze) > 1s', 'p99(service/analyze)', 'analyze'],
    ['P99( Queue/Analyze )>1.2x', 'p99(queue/Analyze)', 'Analyze'],
    ['max(queue/audio/flac)>1ms', 'max(queue/audio/flac)', 'audio/flac'],
    ['mean(service/"my \\"job\\" (2)") > 1ms', 'mean(service/"my \\"job\\" (2)")', 'my "job" (2)'],
    ['failed/analyze > 0', 'failed/analyze', 'analyze'],
    ['Task-Rate/"a b" < 5/s', 'task-rate/"a b"', 'a b'],
    ['task-rate/a<0.9x', 'task-rate/a', 'a'],
  ])('is read: %s', (text, name, job) => {
    expect(parseGate(text).quantity).toMatchObject({ name, job });
  });

  it('can be written for whatever a job is called', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 })),
        (job) => {
          for (const name of [`p99(${jobSelection('queue', job).name})`, taskQuantity('failed', job).name]) {
            expect(parseGate(`${name} > 1x`).quantity).toMatchObject({ name, job });
            expect(name).not.toMatch(/\p{Cc}/u);
          }
        },
      ),
    );
  });

  it.each([
    ['p99(service/) > 1s', 12, 'no job'],
    ['p99(service/"a\\x") > 1s', 12, 'a name in quotes that is no text of JSON'],
    ['p99(service/a > 1s', 14, 'no closing bracket'],
    ['failed/ > 1', 8, 'no job'],
    ['throughput/a > 1x', 10, 'no comparison'],
    ['task-rate/a > 5', 14, 'a bound in another unit'],
    ['p99(fresh/analyze) > 1s', 4, 'an unknown distribution'],
  ])('that is wrong says where: %s', (text, column, what) => {
    const { message } = errorOf(() => parseGate(text));
    expect(message).toContain(what);
    expect(message.split('\n')[2].indexOf('^') - 2).toBe(column);
  });

  it('looks at that job alone', () => {
    const gate = (job: string) => check(`p50(service/${job}) > 2x`, two, slow);
    expect(gate('analyze').failed).toBe(true);
    expect(gate('analyze').sentence).toMatch(
      /^p50 of service times \(analyze\): .* beside .*, over 2 times\./,
    );
    expect(gate('transcode').failed).toBe(false);
    expect(check('failed/analyze > 0', two)).toMatchObject({
      failed: false,
      sentence: 'Failed tasks (analyze): 0, not over 0.',
    });
    expect(check('task-rate/transcode < 8/s', two)).toMatchObject({
      failed: true,
      sentence: 'Tasks that succeeded (transcode): 7/s, under 8/s.',
    });
    expect(check('task-rate < 8/s', two).sentence).toBe('Tasks that succeeded: 10/s, not under 8/s.');
  });

  it('takes a run of that job alone for its whole', () => {
    const [whole, ofJob] = ['p99(queue) > 1s', 'p99(queue/transcode) > 1s'].map((text) => check(text, one));
    expect(ofJob.sentence).toBe(whole.sentence.replace('queue waits', 'queue waits (transcode)'));
    expect(check('p99(queue/transcode) > 9x', one, two).failed).toBe(false);
  });

  it('fails where a run lacks the job, and says which there are', () => {
    expect(check('failed/analyze > 0', two, one)).toMatchObject({
      failed: true,
      sentence:
        'Failed tasks (analyze) cannot be checked, since the run has only transcode; what cannot be checked fails.',
    });
    expect(check('p99(queue/analyze) > 2x', one, two).sentence).toContain(
      'since the base has only transcode;',
    );
    expect(check('failed/analyze > 0', two, none).sentence).toContain(
      'since the run does not say which jobs it had;',
    );
  });

  it('that none of the recordings has is a mistake in the gate', () => {
    const error = errorOf(() => check('failed/analyse > 0', two));
    expect([error.code, error.message]).toEqual([
      'ERR_INVALID_ARGUMENT',
      "A gate on a job names one of the recordings' jobs; 'failed/analyse > 0' names 'analyse'. Did you mean 'analyze'? There are transcode, analyze.",
    ]);
    expect(errorOf(() => check('failed/a > 0', hostile)).message).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(errorOf(() => check('failed/a > 0', none)).message).toContain('do not say which jobs they had.');
  });

  function errorOf(act: () => unknown): MillpondError {
    try {
      act();
    } catch (error) {
      return error as MillpondError;
    }
    throw new Error('nothing was thrown');
  }
});

describe('a comparison', () => {
  const figures = (...runs: RecordedRun[]) =>
    compareRuns(runs).others[0].figures.filter(({ job }) => job !== undefined);

  it('has queue wait, service time, rate and failures of each job, by name', () => {
    const swapped = made({ seed: 3, jobs: ['analyze', 'transcode'] });
    const shown = figures(two, swapped).map(({ name, job, base, other }) => [job, name, base, other]);
    expect(shown.map(([job, name]) => [job, name])).toEqual([
      ['transcode', expect.stringMatching(/^p\d+ of queue waits \(transcode\)$/)],
      ['transcode', expect.stringMatching(/^p\d+ of service times \(transcode\)$/)],
      ['transcode', 'tasks that succeeded (transcode)'],
      ['analyze', expect.stringMatching(/^p\d+ of queue waits \(analyze\)$/)],
      ['analyze', expect.stringMatching(/^p\d+ of service times \(analyze\)$/)],
      ['analyze', 'tasks that succeeded (analyze)'],
    ]);
    expect([shown[2], shown[5]].map(([, , base, other]) => [base, other])).toEqual([
      [7, 3],
      [3, 7],
    ]);
  });

  it('finds the one job that got slower', () => {
    const options = { seconds: 300, jobs: ['transcode', 'analyze'] };
    const slower = made({ ...options, seed: 2, slowThread: 2, slowness: 2 });
    const changes = figures(made(options), slower).map(({ name, change }) => [
      name.replace(/^p\d+ of /, ''),
      change,
    ]);
    expect(changes).toContainEqual(['service times (analyze)', 'worse']);
    expect(changes).toContainEqual(['service times (transcode)', 'noise']);
  });

  it('says what only one of the runs has, and that the jobs differ', () => {
    const [beside] = compareRuns([one, two]).others;
    const [transcode, analyze] = ['transcode', 'analyze'].map((job) =>
      beside.figures.filter((figure) => figure.job === job),
    );
    expect(transcode.every(({ base, other }) => base !== null && other !== null)).toBe(true);
    expect(analyze.every(({ base, other }) => base === null && other !== null)).toBe(true);
    expect(beside.sentence).toMatch(/Only the other run has: p99 of queue waits \(analyze\) \(/);
    expect(beside.sentence).toContain('Only the other run has the job analyze.');
    expect(beside.sentence).toContain(
      'the runs differ in jobs (["transcode"], then ["transcode","analyze"])',
    );
    const many = made({
      label: 'other',
      jobs: ['x', ...Array.from({ length: 13 }, (_, at) => `y${at}`)],
      threads: 14,
    });
    const [back] = compareRuns([many, two]).others;
    expect(back.sentence).toContain('Only the other run has the jobs transcode, analyze.');
    expect(back.sentence).toContain(
      'Only the base has the jobs x, y0, y1, y2, y3, y4, y5, y6, y7, y8 and 4 more.',
    );
    expect(back.sentence).not.toContain('jobs (');
    expect(compareRuns([none, two]).others[0].sentence).not.toMatch(/jobs \(|has the job/);
  });

  it('has the 20 jobs that had the most tasks', () => {
    const names = Array.from({ length: 50 }, (_, at) => `j${at}`);
    const run = { ...two, header: { ...two.header, jobs: names } };
    const intervals = two.intervals.map((interval) => ({
      ...interval,
      jobs: names.map((_, job) => ({
        ...{ job, slowest: [], queue: interval.jobs?.[0].queue },
        tasks: { queued: 0, running: 0, succeeded: job, failed: 0, cancelled: 0, lost: 0 },
      })),
    })) as RecordedRun['intervals'];
    const jobs = new Set(figures({ ...run, intervals }, { ...run, intervals }).map(({ job }) => job));
    expect([...jobs]).toEqual(names.slice(30));
  });

  it('shows hostile names on a page as text', async () => {
    const comparison = compareRuns([hostile, hostile]);
    const page = await htmlPage([hostile, hostile], { comparison, expectedIntervalNs: null });
    expect(page).toMatch(/<bdi>p\d+ of queue waits \(=1\+&quot;2&quot;,\\u000a\\u001b\[2J&lt;b&gt;/);
    expect(page).not.toContain('2J<b>');
  });

  it('is printed with hostile names on one line each, in columns', () => {
    const comparison = compareRuns([hostile, hostile]);
    const text = stripVTControlCharacters(formatComparison(comparison, process.stdout));
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    const [, head, ...rows] = text.trimEnd().split('\n');
    const end = head.indexOf('base') + 'base'.length;
    expect(rows.length).toBe(comparison.others[0].figures.length);
    for (const row of rows) expect(row.slice(end - 1, end + 1)).toMatch(/\S /);
  });
});
