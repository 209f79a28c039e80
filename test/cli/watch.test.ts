import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startWatch } from '../../src/cli/watch.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';
import { cursorShows, Screen } from './terminal.ts';
import { HEADS, heads } from './view.ts';

let files = 0;
const source = () => ({
  snapshot: snapshotWith(),
  progress: { doneSeconds: files, totalSeconds: 10, files, failed: 0, totalFiles: 10, elapsedSeconds: files },
});
const WHOLE = [...HEADS, 'at 48 s', 'at 59 s'];

let watch: Awaited<ReturnType<typeof startWatch>>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  files = 0;
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('the live view on a terminal', () => {
  it('is redrawn in place four times a second', async () => {
    const screen = new Screen(100, 30);
    watch = await startWatch(screen.asStream, source);
    expect(heads(await screen.lines())).toEqual(WHOLE);
    for (files = 1; files <= 4; files++) vi.advanceTimersByTime(250);
    const lines = await screen.lines();
    expect(heads(lines)).toEqual(WHOLE);
    expect(lines[0]).toContain(' 40 %, 4 of 10');
  });

  it('lets lines pass above it', async () => {
    const screen = new Screen(100, 30);
    watch = await startWatch(screen.asStream, source);
    watch.line('failed: a.wav');
    vi.advanceTimersByTime(250);
    watch.line('x'.repeat(150));
    expect(heads(await screen.lines())).toEqual(['failed: a.', 'xxxxxxxxxx', 'xxxxxxxxxx', ...WHOLE]);
  });

  it('goes away at its stop and gives the cursor back', async () => {
    const screen = new Screen(100, 30);
    watch = await startWatch(screen.asStream, source);
    expect(cursorShows(screen.written)).toBe(false);
    watch.stop();
    vi.advanceTimersByTime(1000);
    watch.line('late');
    expect(await screen.lines()).toEqual(['late']);
    expect(cursorShows(screen.written)).toBe(true);
    expect(screen.listenerCount('resize')).toBe(0);
  });

  it.each([
    [60, 30],
    [140, 30],
    [100, 40],
  ])('is whole and there once after a change to %d x %d', async (columns, rows) => {
    const screen = new Screen(100, 30);
    watch = await startWatch(screen.asStream, source);
    watch.line('a line above');
    await screen.resize(columns, rows);
    vi.advanceTimersByTime(500);
    expect(heads(await screen.lines())).toEqual(['a line abo', ...WHOLE]);
  });

  it.each([
    [40, 30, WHOLE],
    [60, 13, [...WHOLE.slice(0, 9), 'main', '', 'at 59 s']],
  ])('fills a screen of %d x %d from its top when it no longer fits', async (columns, rows, expected) => {
    const screen = new Screen(100, 30);
    watch = await startWatch(screen.asStream, source);
    watch.line('a line above');
    await screen.resize(columns, rows);
    vi.advanceTimersByTime(500);
    expect(heads(await screen.visible())).toEqual(expected);
  });

  it('fits a small one, and one that does not say its size', async () => {
    const small = new Screen(20, 5);
    watch = await startWatch(small.asStream, source);
    for (let round = 0; round < 3; round++) vi.advanceTimersByTime(250);
    expect(heads(await small.lines())).toEqual(WHOLE.slice(0, 4));
    watch.stop();
    const unsized = new Screen(100, 30);
    Object.defineProperties(unsized, { columns: { value: 0 }, rows: { value: 0 } });
    watch = await startWatch(unsized.asStream, source);
    expect(heads(await unsized.lines())).toEqual(WHOLE);
  });
});
