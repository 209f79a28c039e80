import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Progress, type ProgressView, percentDone, secondsLeft } from '../../src/cli/progress.ts';
import { startProgressLines } from '../../src/cli/progress-lines.ts';
import { startProgressView } from '../../src/cli/progress-view.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';
import { Screen } from './terminal.ts';

const AT_START: Progress = {
  doneSeconds: 0,
  totalSeconds: 100,
  files: 0,
  failed: 0,
  totalFiles: 20,
  elapsedSeconds: 0,
};

/** What a batch shows now; a test changes it. */
let progress: Progress;
const read = () => progress;
let view: ProgressView;

beforeEach(() => {
  progress = AT_START;
});
afterEach(() => {
  view?.stop();
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function go(changes: Partial<Progress>): void {
  progress = { ...progress, ...changes };
  view.changed();
}

describe('what is told of a batch', () => {
  it.each<[string, Partial<Progress>, number, number | null]>([
    ['at the start', {}, 0, null],
    ['before anything is done', { elapsedSeconds: 5 }, 0, null],
    ['after next to nothing', { doneSeconds: 1e-300, elapsedSeconds: 5 }, 0, null],
    ['in its midst', { doneSeconds: 25, elapsedSeconds: 5 }, 25, 15],
    ['of files without a known length', { totalSeconds: 0, files: 5, elapsedSeconds: 5 }, 25, 15],
    ['of files without a known length, at the start', { totalSeconds: 0 }, 0, null],
    ['past its estimate', { doneSeconds: 101, elapsedSeconds: 5 }, 99, null],
    ['when only a file has not ended', { doneSeconds: 100, files: 19, elapsedSeconds: 5 }, 99, null],
    ['when each file has ended', { totalSeconds: 0, files: 20 }, 100, null],
    [
      'of folders that cannot be read alone',
      { totalSeconds: 0, totalFiles: 1, files: 1, failed: 1 },
      100,
      null,
    ],
  ])('%s is a whole percentage, and the time left where it is known', (_when, changes, percent, left) => {
    const at = { ...AT_START, ...changes };
    expect([percentDone(at), secondsLeft(at)]).toEqual([percent, left]);
  });

  it('is no percent less for what sums of fractions lose', () => {
    let doneSeconds = 0;
    const told = Array.from({ length: 10 }, () => {
      doneSeconds += 0.1;
      return percentDone({ ...AT_START, totalSeconds: 1, doneSeconds });
    });
    expect(told).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 99]);
  });
});

describe('progress lines', () => {
  let screen: Screen;
  const lines = () => screen.written.split('\n').slice(0, -1);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    screen = new Screen(100, 30);
    view = startProgressLines(screen, read);
  });

  it('come for each tenth of the work, and once where it took several', () => {
    expect(lines()).toEqual([]);
    go({ doneSeconds: 9.9, files: 1, elapsedSeconds: 1 });
    expect(lines()).toEqual([]);
    go({ doneSeconds: 10, elapsedSeconds: 2 });
    go({ doneSeconds: 19.9, files: 2 });
    go({ doneSeconds: 45, files: 9, failed: 1, elapsedSeconds: 90 });
    go({ doneSeconds: 100, files: 20, elapsedSeconds: 200 });
    expect(lines()).toEqual([
      'progress: 10 %, 1 of 20 files, 2 s, 18 s left',
      'progress: 45 %, 9 of 20 files, 1 failed, 2 min, 2 min left',
      'progress: 100 %, 20 of 20 files, 1 failed, 3 min',
    ]);
  });

  it('come after ten seconds without one, also where nothing is done', () => {
    vi.advanceTimersByTime(9999);
    expect(lines()).toEqual([]);
    progress = { ...progress, elapsedSeconds: 10 };
    vi.advanceTimersByTime(1);
    expect(lines()).toEqual(['progress: 0 %, 0 of 20 files, 10 s']);
    vi.advanceTimersByTime(20_000);
    expect(lines()).toHaveLength(3);
  });

  it('come ten seconds after the last one, whatever brought that', () => {
    vi.advanceTimersByTime(6000);
    go({ doneSeconds: 10 });
    expect(lines()).toHaveLength(1);
    vi.advanceTimersByTime(9999);
    expect(lines()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(lines()).toHaveLength(2);
    // Then a tenth counts from where the work was, not from what the line said.
    go({ doneSeconds: 19 });
    expect(lines()).toHaveLength(2);
    go({ doneSeconds: 20 });
    expect(lines()).toHaveLength(3);
  });

  it('end with the batch, and let other lines pass', () => {
    view.line('failed: a.wav');
    view.stop();
    vi.advanceTimersByTime(60_000);
    expect(lines()).toEqual(['failed: a.wav']);
  });
});

describe('the view of a batch', () => {
  const start = async (stream: Screen, live: boolean): Promise<void> => {
    view = await startProgressView(stream as unknown as NodeJS.WriteStream, live, {
      progress: read,
      snapshot: () => snapshotWith(),
    });
  };

  it.each([
    ['no terminal', false, 'xterm', false],
    ['no terminal, with --watch', false, 'xterm', true],
    ['a terminal that cannot move its cursor', true, 'dumb', false],
    ['a terminal that cannot move its cursor, with --watch', true, 'dumb', true],
  ])('is lines on %s', async (_where, isTTY, term, live) => {
    vi.stubEnv('TERM', term);
    const screen = Object.defineProperty(new Screen(100, 30), 'isTTY', { value: isTTY });
    await start(screen, live);
    view.line('failed: a.wav');
    go({ doneSeconds: 10, elapsedSeconds: 1 });
    expect(screen.written).toBe('failed: a.wav\nprogress: 10 %, 0 of 20 files, 1 s, 9 s left\n');
  });

  it('is a bar on a terminal, whose figures are figures from the start on', async () => {
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('NO_COLOR', '');
    const screen = new Screen(100, 30);
    await start(screen, false);
    expect((await screen.lines()).at(-1)).toMatch(/^[█░]+ 0 % \| 0\/20 files$/);
    go({ doneSeconds: 30, files: 5, elapsedSeconds: 3 });
    // A line has it drawn anew.
    view.line('failed: a.wav');
    expect((await screen.lines()).at(-1)).toMatch(/^[█░]+ 30 % \| 5\/20 files \| 7 s left$/);
    go({ doneSeconds: 100, files: 20 });
    view.line('failed: b.wav');
    const [first, second, bar] = await screen.lines();
    expect([first, second]).toEqual(['failed: a.wav', 'failed: b.wav']);
    expect(bar).toMatch(/^█+ 100 % \| 20\/20 files$/);
    expect(screen.written).not.toMatch(/NaN|Infinity|NF|undefined/);
    view.stop();
    expect(await screen.lines()).toEqual([first, second]);
  });

  it('is the live view on a terminal with --watch', async () => {
    vi.stubEnv('TERM', 'xterm');
    const screen = new Screen(100, 30);
    await start(screen, true);
    expect((await screen.lines())[0]).toMatch(/^files .* 0 %, 0 of 20, 0 s$/);
  });
});
