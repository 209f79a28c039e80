import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRun } from '../../src/report/read-run.ts';
import { writeWav } from '../audio/wav.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { parseRun } from '../report/parse-run.ts';
import { linesIn } from '../telemetry/recording/lines-in.ts';
import { firstFile } from './interrupted.ts';
import {
  checkout,
  filesUnder,
  hoursOfWork,
  millpond,
  pianoReleases,
  scratch,
  start,
  startProgram,
  tone,
} from './millpond.ts';

const at = scratch();
const recordingProcess = ['--conditions=millpond-source', join(checkout, 'test/e2e/recording-process.ts')];

describe('--record', () => {
  it('writes a run down, into a folder that it makes, under the name of its command', async () => {
    const path = at('runs', 'today', 'run.millpond');
    const out = at('out');
    const { code, stdout } = await millpond(
      ...['transcode', pianoReleases, '--to', 'flac', '--out', out, '--json', '--record', path],
    );
    expect(code).toBe(0);
    const { header, intervals, end, remarks } = await readRun(path);
    expect(remarks).toEqual([]);
    expect(header).toMatchObject({ label: 'transcode', options: { sampleEvery: 1 } });
    const { runtime, files } = JSON.parse(stdout);
    expect(end?.snapshot.pool).toEqual(runtime.pool);
    expect(end?.snapshot.tasks).toMatchObject({ succeeded: files.ok });
    const slowest = intervals.flatMap((interval) => interval.slowest);
    expect(slowest[0][0]).toContain('piano-release');
    expect(slowest[0][5]).toBe('succeeded');
  });

  it('is whole also where the run is interrupted', async () => {
    const path = at('interrupted.millpond');
    const working = firstFile(at('out-2'));
    const { child, ended } = start([
      ...[
        'transcode',
        hoursOfWork(at('interrupted')),
        '--to',
        'flac',
        '--out',
        at('out-2'),
        '--quiet',
        '--record',
        path,
      ],
    ]);
    await working;
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null });
    const { intervals, end, remarks } = await readRun(path);
    expect(remarks).toEqual([]);
    expect(intervals.at(-1)?.to).toBe(end?.at);
    expect(end?.snapshot.tasks.cancelled).toBeGreaterThan(0);
  });

  it.each([
    'SIGINT',
    'SIGKILL',
  ] as const)('is there up to its last line after %s in the midst of it', async (signal) => {
    const path = at(`${signal}.millpond`);
    const { child, ended } = startProgram(process.execPath, [...recordingProcess, path]);
    // The first intervals may be over before a task is.
    await linesIn(path, 'interval', 2, ({ tasks }) => tasks.succeeded > 0);
    child.kill(signal);
    expect(await ended).toMatchObject({ signal });
    const text = readFileSync(path, 'utf8');
    expect(text.endsWith('}\n')).toBe(true);
    const { intervals, end, remarks } = parseRun(path, text);
    expect(intervals.length).toBeGreaterThanOrEqual(2);
    expect(intervals.filter(({ tasks }) => tasks.succeeded > 0).length).toBeGreaterThanOrEqual(2);
    expect(end).toBeNull();
    expect(remarks).toEqual([expect.stringContaining('no end')]);
  });

  it.each([
    ['an output', 'in-1', 'out-clash/0.flac'],
    ['an input', 'in-1', 'in-1/empty.wav'],
  ])('is not %s', async (_what, input, path) => {
    mkdirSync(at(input), { recursive: true });
    writeWav(at(input, '0.wav'), [tone()]);
    writeFileSync(at(input, 'empty.wav'), '');
    const { code, stderr } = await millpond(
      ...['transcode', at(input), '--to', 'flac', '--out', at('out-clash'), '--record', at(path)],
    );
    expect(code).toBe(2);
    expect(stderr).toContain('ERR_OUTPUT_CLASH');
    expect(filesUnder(at(input))).toEqual(['0.wav', 'empty.wav']);
    rmSync(at('out-clash'), { recursive: true, force: true });
  });

  it('is no file of another kind, however it got there, and no folder', async () => {
    mkdirSync(at('in-2'), { recursive: true });
    writeWav(at('in-2', '0.wav'), [tone()]);
    writeWav(at('precious.wav'), [tone()]);
    linkSync(at('precious.wav'), at('another-name'));
    const before = readFileSync(at('precious.wav'));
    for (const path of [at('precious.wav'), at('another-name'), at('in-2')]) {
      const { code, stderr } = await millpond(
        ...['transcode', at('in-2'), '--to', 'flac', '--out', at('out-3'), '--record', path],
      );
      expect(code).toBe(1);
      expect(stderr).toContain('ERR_OUTPUT_WRITE');
      expect(stderr).not.toContain('    at ');
    }
    expect(readFileSync(at('precious.wav')).equals(before)).toBe(true);
  });

  it('replaces an older recording', async () => {
    mkdirSync(at('in-3'), { recursive: true });
    writeWav(at('in-3', '0.wav'), [tone()]);
    writeFileSync(at('older.millpond'), textOf(madeLines({ seconds: 100 })));
    const arguments_ = [
      'transcode',
      at('in-3'),
      '--to',
      'flac',
      '--out',
      at('out-4'),
      '--record',
      at('older.millpond'),
    ];
    expect(await millpond(...arguments_)).toMatchObject({ code: 0 });
    expect((await readRun(at('older.millpond'))).header.label).toBe('transcode');
  });
});

describe('a disk that is full', () => {
  it('ends the recording with one plain warning; the run goes on and ends well', async () => {
    const { code, stderr } = await millpond(
      ...['transcode', pianoReleases, '--to', 'flac', '--out', at('out-5'), '--record', '/dev/full'],
    );
    expect(code).toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes('recording'))).toEqual([
      'warning: the recording /dev/full ends here, and the run goes on: ENOSPC: no space left on device, write',
    ]);
    expect(filesUnder(at('out-5'))).toHaveLength(88);
  });

  it('leaves the lines that are whole, and no part of one', async () => {
    const path = at('limited.millpond');
    // A file may be 16 KiB long, and a write that passes that is cut off, as where a disk fills up.
    const limited = ['-c', 'ulimit -f 32; exec "$0" "$@"', process.execPath, ...recordingProcess, path];
    const { child, ended } = startProgram('sh', limited);
    const told = await new Promise<string>((resolve) => child.stdout?.once('data', resolve));
    expect(JSON.parse(told)).toEqual({ ended: expect.stringContaining('EFBIG'), tasks: expect.any(Number) });
    child.kill('SIGKILL');
    await ended;
    const text = readFileSync(path, 'utf8');
    expect(text.endsWith('}\n')).toBe(true);
    const { intervals, end } = parseRun(path, text);
    expect(intervals.length).toBeGreaterThan(0);
    expect(end).toBeNull();
  });
});
