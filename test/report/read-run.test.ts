import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { MillpondError } from '../../src/errors.ts';
import { encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import { readRun } from '../../src/report/read-run.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';
import { messageOf } from './refused.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const lines = madeLines({ seconds: 40 });
const text = textOf(lines);

/** The recording with something else in place of a value in one of its lines. */
function changed(number: number, path: readonly (string | number)[], value: unknown): string {
  const copy = lines.map((line) => structuredClone(line) as unknown);
  let inner = copy[number - 1] as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) inner = inner[step] as Record<string | number, unknown>;
  const last = path[path.length - 1];
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  return textOf(copy as RecordingLine[]);
}

const numberOf = (kind: string): number => lines.findIndex((line) => line.kind === kind) + 1;
const INTERVAL = numberOf('interval');
const DECISION = numberOf('decision');
const SCORE = numberOf('score');
const END = numberOf('end');

describe('a recording', () => {
  it('is read as it was written', () => {
    const run = parseRun('run.millpond', text);
    expect([run.header, ...run.intervals, run.end]).toEqual(
      lines.filter(({ kind }) => kind === 'header' || kind === 'interval' || kind === 'end'),
    );
    expect(run.decisions.map(({ number, score }) => [number, score?.verdict])).toEqual([
      [1, 'good'],
      [2, 'good'],
    ]);
    expect([run.seconds, run.fileBytes, run.remarks]).toEqual([40, Buffer.byteLength(text), []]);
  });

  it('is the same read from a file, however its lines lie in what is read at a time', async () => {
    const long = textOf(madeLines({ seconds: 800, threads: 3 }));
    expect(long.length).toBeGreaterThan(2 * 2 ** 20);
    const path = write('long.millpond', long);
    expect(await readRun(path)).toEqual(parseRun(path, long));
  });

  it('holds events of every kind, in the order of time', () => {
    const events: RecordingLine[] = [
      { kind: 'pressure', at: 1, from: 'nominal', to: 'high', ledgerShare: 0.9, processShare: null },
      { kind: 'recovery', at: 2, recovered: true, milliseconds: 12.5, recoveredBytes: 4096 },
      { kind: 'worker-lost', at: 3, shard: 2, exitCode: 1, task: 'b.wav' },
      { kind: 'worker-lost', at: 4, shard: 1, exitCode: -1 },
    ];
    const run = parseRun('run', textOf([lines[0], ...events]));
    expect([...run.pressures, ...run.recoveries, ...run.workersLost]).toEqual(events);
    expect(run.seconds).toBe(4);
  });

  it('may have lines and fields of which nobody knows yet', () => {
    const newer = [
      lines[0],
      { kind: 'weather', at: 'noon' },
      { ...lines[1], mood: { fine: true } },
      lines[END - 1],
      { kind: 'afterword' },
    ] as RecordingLine[];
    const run = parseRun('run', textOf(newer));
    expect(run.intervals).toEqual([lines[1]]);
    expect(run.end).not.toBeNull();
  });

  it('may begin with a byte order mark and end its lines as Windows does', () => {
    expect(parseRun('run', `\uFEFF${text.replaceAll('\n', '\r\n')}`).intervals.length).toBe(40);
  });

  it('is whole without the end of its last line', () => {
    const run = parseRun('run', text.slice(0, -1));
    expect(run.end).not.toBeNull();
    expect(run.remarks).toEqual([]);
  });

  it.each([
    1, 100, 3000,
  ])('of a crash is read up to its last whole line, %i characters before its end', (cut) => {
    const crashed = textOf(madeLines({ seconds: 40, crashed: true }));
    const run = parseRun('run', crashed.slice(0, -cut - 1));
    expect(run.intervals.length).toBe(39);
    expect(run.end).toBeNull();
    expect(run.remarks).toEqual([
      `Line ${crashed.split('\n').length - 1} is incomplete and was left out.`,
      'The recording has no end: the run crashed, or is still running.',
    ]);
  });

  it('of a crash of the machine may end in zeros', () => {
    const run = parseRun('run', `${text.slice(0, text.indexOf('{"kind":"end"'))}${'\0'.repeat(5000)}`);
    expect(run.intervals.length).toBe(40);
    expect(run.remarks.length).toBe(2);
  });

  it('has long names cut, and counts what it does not show', () => {
    const run = parseRun('run', changed(INTERVAL, ['slowest', 0, 0], 'x'.repeat(5000)));
    expect(run.intervals[0].slowest[0][0]).toBe(`${'x'.repeat(1000)}…`);
  });
});

describe('what is no recording is refused:', () => {
  it.each<[string, string, RegExp]>([
    ['an empty file', '', /has one line at least; run\.millpond is empty\. .* run it again with --record\.$/],
    ['audio', 'RIFF\x24\x00\x00\x00WAVEfmt ', /begins with "RIFF.*": it is an audio file\. Give/],
    ['an interval log', '#[Histogram log format version 1.3]\n', /it is an interval log of histograms/],
    ['a table', '       Value     Percentile TotalCount\n', /it is a table of percentiles/],
    ['a page', '<!doctype html>\n', /it is a page/],
    ["a run's JSON", '{"schema":"millpond.run/1","files":{}}\n', /which 'millpond health' reads\. Give/],
    ["a report's JSON", '{"schema":"millpond.report/1"}\n', /it is the JSON of a report/],
    ['any JSON', '{"a":1}\n', /begins with "\{\\"a\\":1\}"\. Give the file that --record wrote\.$/],
    ['JSON of many lines', '{\n  "a": 1\n}\n', /begins with "\{"\. Give/],
    ['JSON without an end of line', '{"a":1}', /begins with/],
    ['a list', '[1, 2]\n', /begins with "\[1, 2\]\\n"\./],
    ['null', 'null\n', /begins with "null/],
    ['another format', '{"kind":"header","format":"other"}\n', /"format":"millpond\.recording"/],
    [
      'no more than a beginning',
      '{"kind":"hea',
      /Line 1 of run\.millpond is damaged: .*nothing was recorded/,
    ],
    ['a beginning of bytes', '\u001b[31mred', /begins with "\\u001b\[31mred"/],
  ])('%s', (_what, content, message) => {
    expect(messageOf(content)).toMatch(message);
  });

  it('a packed recording', async () => {
    const path = write('run.millpond.gz', gzipSync(text));
    await expect(readRun(path)).rejects.toThrow(/it is packed by gzip: unpack it first/);
  });

  it('a newer version, also where its header holds other things', () => {
    const newer = '{"kind":"header","format":"millpond.recording","version":2,"clock":"fine"}\n';
    expect(messageOf(newer)).toBe(
      'This millpond reads recordings of version 1; run.millpond has version 2: it was written by a newer millpond. Update millpond to one as new as the one that recorded it.',
    );
  });

  it('something that is no file, at once', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const cases: [string, RegExp][] = [
      [folder, /it is a folder|EISDIR/],
      [join(folder, 'pipe'), /it is a pipe/],
      ['/dev/zero', /it is a device/],
      [join(folder, 'none\u001b[2J'), /none\\u001b\[2J': ENOENT/],
      [join(write('file', ''), 'below'), /ENOTDIR/],
    ];
    for (const [path, message] of cases) {
      const error = await readRun(path).catch((error: MillpondError) => error);
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toMatch(/Name the file that --record wrote\.$/);
    }
  });

  it('a file that may not be read', async () => {
    const path = write('secret.millpond', text);
    chmodSync(path, 0);
    // To root nothing is forbidden.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      await expect(readRun(path)).rejects.toThrow(/got '.*': EACCES.*Name the file that --record wrote\.$/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

/** As the histogram of a series: with what it unpacks to. */
function packed(inner: Uint8Array): string {
  const data = deflateSync(inner);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x1c849314, 0);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]).toString('base64');
}

describe('a damaged line is named, with what is wrong and what to do:', () => {
  it('one that is no JSON', () => {
    const damaged = text.split('\n');
    damaged[6] = damaged[6].slice(0, 200);
    expect(messageOf(damaged.join('\n'))).toMatch(
      /^Line 7 of run\.millpond is damaged: it is not one JSON object \(.+\)\. Copy the file again from where it was written\. What comes before can be read by itself: cut it off with 'head -n 6'\.$/,
    );
  });

  it('one that would speak to the terminal', () => {
    const lines = text.split('\n');
    lines[3] = '\u001b[2J\u009b1m';
    const message = messageOf(lines.join('\n'));
    expect(message).toMatch(/^Line 4 .*\\u001b/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  const HISTOGRAM = ['series', 0, 2] as const;
  it.each<[string, number, readonly (string | number)[], unknown, RegExp]>([
    ['no kind', INTERVAL, ['kind'], undefined, /its field kind is a text, got undefined/],
    ['a kind of its own', INTERVAL, ['kind'], 7, /its field kind is a text, got 7/],
    ['a second header', INTERVAL, ['kind'], 'header', /has one header/],
    ['a missing field', INTERVAL, ['budget', 'usedBytes'], undefined, /it lacks its field budget\.usedBytes/],
    [
      'a negative number',
      INTERVAL,
      ['budget', 'usedBytes'],
      -5,
      /its field budget\.usedBytes is a whole number from 0 to 2\^53, got -5\./,
    ],
    ['a fraction of a byte', INTERVAL, ['rssBytes'], 0.5, /rssBytes is a whole number .* got 0\.5/],
    ['a number over 2^53', INTERVAL, ['clipped'], 2 ** 53, /clipped is a whole .* got 9007199254740992/],
    ['null for NaN', INTERVAL, ['to'], Number.NaN, /its field to is a number from 0 to 1000000000, got null/],
    ['a text', INTERVAL, ['to'], 'x\u001b'.repeat(99), /field to is a number .* got "(x\\\\?u001b)+x?…"/],
    ['a list', INTERVAL, ['to'], [1, 2], /got a list of 2/],
    ['a late year', INTERVAL, ['to'], 1e12, /field to is a number/],
    ['an unknown series', INTERVAL, ['series', 0, 0], 'latency/odd', /series\.0\.0 is one of latency\/hit/],
    [
      'a shard that cannot be',
      INTERVAL,
      ['series', 0, 1],
      1025,
      /series\.0\.1 is a whole number from 0 to 1024/,
    ],
    ['a series of four', INTERVAL, ['series', 0], ['queue', 0, '', 1], /series\.0/],
    ['an unknown cause that is none of a tier', INTERVAL, ['served', 'hit'], [1, 2, 3], /served\.hit/],
    ['an unknown tier', INTERVAL, ['tiers', 'small'], undefined, /it lacks its field tiers\.small/],
    ['an unknown level', INTERVAL, ['pressure'], 'low', /pressure is one of nominal, elevated.* got "low"/],
    ['an interval that ends before it begins', INTERVAL + 3, ['to'], 1, /ends after it begins, got 3 to 1/],
    ['times out of order', INTERVAL + 3, ['from'], 1, /it is of 1 s and comes after one of 3 s/],
    [
      'a decision of a kind of its own',
      DECISION,
      ['decision', 'kind'],
      'hope',
      /decision\.kind is one of shrink/,
    ],
    [
      'a decision without figures',
      DECISION,
      ['decision', 'inputs'],
      {},
      /lacks its field decision\.inputs\.cpu/,
    ],
    ['a score of nothing', SCORE, ['score', 'regret'], 'much', /score\.regret is a number/],
    ['an end without shards', END, ['snapshot', 'shards'], undefined, /lacks its field snapshot\.shards/],
    [
      'an end with a wrong load',
      END,
      ['snapshot', 'cpu', 'process', 'raw'],
      -1,
      /snapshot\.cpu\.process\.raw is/,
    ],
    [
      'a header without options',
      1,
      ['options'],
      undefined,
      /Line 1 .*lacks its field options\. Copy .*written\.$/,
    ],
    ['a header of another time', 1, ['startedAt'], 'yesterday', /startedAt is a time as .* got "yesterday"/],
    ['a header of no version', 1, ['version'], 'one', /version is a whole number from 1/],
    ['a header of other digits', 1, ['significantDigits'], 3, /significantDigits is 2, got 3/],
    ['a header of no weight', 1, ['options', 'sampleEvery'], 0, /sampleEvery is a whole number from 1/],
    ['no base64', INTERVAL, HISTOGRAM, '!', /histogram series\.0 cannot be read: it is not base64/],
    ['a bomb', INTERVAL, HISTOGRAM, packed(new Uint8Array(2 ** 24)), /series\.0 .* unpacks to more than the/],
    ['a strange mark', INTERVAL, HISTOGRAM, packed(new Uint8Array(40)), /does not begin with the mark/],
  ])('one with %s', (_what, number, path, value, message) => {
    const found = messageOf(changed(number, path, value));
    expect(found).toMatch(message);
    expect(found).toMatch(new RegExp(`^Line ${number} of run\\.millpond is damaged: `));
    expect(found).toMatch(/\. Copy the file again from where it was written\./);
    expect(found.length).toBeLessThan(3000);
  });

  it('events out of order', () => {
    const of = (at: number): RecordingLine => ({ kind: 'worker-lost', at, shard: 1, exitCode: 1 });
    expect(messageOf(textOf([lines[0], of(5), of(4)]))).toMatch(
      /^Line 3 .* it is of 4 s and comes after one of 5 s/,
    );
  });

  it('one after the end', () => {
    expect(messageOf(textOf([...lines, lines[1]]))).toMatch(/nothing comes after the end of a recording/);
    expect(messageOf(text + text)).toMatch(new RegExp(`^Line ${lines.length + 1} .* has one header`));
  });

  it('counts that come to more than 2^53 over all lines', () => {
    const much = encodeSparse([7, 2 ** 52], cutOfSeries('queue'));
    const interval = (at: number) => ({ ...lines[1], from: at, to: at, series: [['queue', 0, much, 1, 1]] });
    const recording = [lines[0], interval(1), interval(2)] as RecordingLine[];
    expect(messageOf(textOf(recording))).toMatch(
      /^Line 3 .* the counts of all histograms come to 2\^53 at most/,
    );
  });
});
