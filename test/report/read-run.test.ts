import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { MillpondError } from '../../src/errors.ts';
import { readRun } from '../../src/report/read-run.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { changed, END, INTERVAL, lines, text } from './changed-run.ts';
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

  it('may be of an earlier version, which knew no refused runs, no tenants and fewer checks of health', () => {
    const older = lines.map((line) => structuredClone(line) as unknown as Record<string, unknown>);
    const { snapshot } = older[END - 1] as { snapshot: Record<string, never> };
    delete snapshot.queue;
    const { checks } = snapshot.health as { checks: Record<string, unknown> };
    for (const name of ['lostThreads', 'queueFull']) delete checks[name];
    const { queue, health } = parseRun('run', textOf(older as unknown as RecordingLine[])).end!.snapshot;
    expect(queue).toMatchObject({ limit: null, refused: { queueFull: 0 }, tenants: { named: {} } });
    expect(health.checks.queueFull.state).toBe('ok');
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
