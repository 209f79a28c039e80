import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { cursorShows, Screen } from '../cli/terminal.ts';
import {
  bin,
  filesUnder,
  hoursOfWork,
  millpond,
  type Started,
  scratch,
  startProgram,
  tone,
} from './millpond.ts';

const at = scratch();
const COLUMNS = 100;
const ROWS = 30;
const DRAWN = '\x1b[?2026h';
const CTRL_C = '\x03';

/** util-linux's, which gives a program a terminal of its own. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

function tones(name: string, files: number, seconds: number): string {
  mkdirSync(at(name), { recursive: true });
  const samples = tone(44_100 * seconds);
  for (let file = 0; file < files; file++) writeWav(at(name, `${file}.wav`), [samples, samples]);
  return at(name);
}

/** The command on a terminal; what it writes to stdout and stderr comes as one. */
function onTerminal(...args: string[]): Started {
  const words = [process.execPath, ...bin, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty cols ${COLUMNS} rows ${ROWS}; exec ${words}`;
  const env = { TERM: 'xterm', NO_COLOR: '', SHELL: '/bin/sh' };
  return startProgram(
    'script',
    ['--quiet', '--return', '--flush', '--command', command, '/dev/null'],
    env,
    'pipe',
  );
}

async function screenOf(written: string): Promise<string[]> {
  const screen = new Screen(COLUMNS, ROWS);
  screen.write(written);
  return screen.lines();
}

/** Types Ctrl-C each time that something shows for the first time. */
function interruptAt({ child }: Started, ...signs: string[]): void {
  let shown = '';
  child.stdout?.on('data', (text: string) => {
    shown += text;
    if (signs.length > 0 && shown.includes(signs[0])) {
      signs.shift();
      child.stdin?.write(CTRL_C);
    }
  });
}

describe.skipIf(!hasScript)('millpond transcode --watch on a terminal', () => {
  it('redraws its view in place, and leaves the summary alone on the screen', async () => {
    const input = tones('whole', 4, 30);
    const { code, stdout } = await onTerminal(
      'transcode',
      input,
      '--to',
      'mp3',
      '--out',
      at('whole-out'),
      '--watch',
    ).ended;
    expect(code).toBe(0);
    expect(stdout.split(DRAWN).length).toBeGreaterThan(3);
    for (const part of ['files ', 'budget ', 'cpu ', 'block ', 'worker 1 ']) expect(stdout).toContain(part);
    const lines = await screenOf(stdout);
    expect(lines[0]).toMatch(/^files {5}4 of 4 done/);
    expect(lines.filter((line) => /^(budget|worker)/.test(line))).toEqual([]);
    expect(cursorShows(stdout)).toBe(true);
  });

  it('lets what failed, and what is logged, stand above the view', async () => {
    const inputs = [tones('bad', 1, 20), at('none.wav')];
    const options = ['--to', 'mp3', '--out', at('bad-out'), '--watch', '--log-level', 'info'];
    const { code, stdout } = await onTerminal('transcode', ...inputs, ...options).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('1 failed');
    const lines = await screenOf(stdout);
    const above = lines
      .slice(
        0,
        lines.findIndex((line) => line.startsWith('files')),
      )
      .join('');
    expect(above).toMatch(/^\{.*Runtime started\..*failed: .*none\.wav.*\{.*Runtime closed\."\}$/);
    expect(lines.filter((line) => /^(files|budget|worker)/.test(line))).toEqual([
      expect.stringContaining('1 of 2 done, 1 failed'),
    ]);
  });

  it('gives the cursor back after Ctrl-C, with nothing of the view left', async () => {
    const out = at('stopped-out');
    const started = onTerminal(
      'transcode',
      hoursOfWork(at('stopped')),
      '--to',
      'mp3',
      '--out',
      out,
      '--watch',
    );
    interruptAt(started, 'worker 1');
    const { code, stdout } = await started.ended;
    expect(code).toBe(130);
    const lines = await screenOf(stdout);
    expect(lines.filter((line) => line.includes('millpond: stopping'))).toHaveLength(1);
    expect(lines.filter((line) => /^(budget|worker)/.test(line))).toEqual([]);
    expect(lines.join('\n')).toMatch(/^files .*\(interrupted\)/m);
    expect(cursorShows(stdout)).toBe(true);
    expect(filesUnder(out).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('gives the cursor back after a second Ctrl-C too', async () => {
    const started = onTerminal(
      'transcode',
      hoursOfWork(at('twice')),
      '--to',
      'mp3',
      '--out',
      at('twice-out'),
      '--watch',
    );
    interruptAt(started, 'worker 1', 'millpond: stopping');
    const { code, stdout } = await started.ended;
    // By the signal, or with its code when the jobs had stopped before it came.
    expect(code).toBe(130);
    expect(cursorShows(stdout)).toBe(true);
  });

  it('draws nothing with --quiet', async () => {
    const { stdout } = await onTerminal(
      'transcode',
      tones('quiet', 1, 1),
      '--to',
      'mp3',
      '--out',
      at('quiet-out'),
      '--watch',
      '--quiet',
    ).ended;
    expect(stdout).toBe('');
  });
});

it('--watch without a terminal is lines as without it', async () => {
  const { code, stdout, stderr, progress } = await millpond(
    'transcode',
    tones('piped', 1, 1),
    '--to',
    'mp3',
    '--out',
    at('piped-out'),
    '--watch',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(progress.at(-1)).toMatch(/^progress: 100 %, 1 of 1 files, /);
  expect(stdout).toMatch(/^files {5}1 of 1 done\n/);
});
