/**
 * Every order in which the main thread posts tasks to a thread and that thread ends: the thread says that it
 * ends before any of the main thread's steps, waits for a post that is under way, and looks into its
 * port for the last time. What is posted is there for that look, or is not posted.
 */
import { afterEach, expect, it, vi } from 'vitest';
import { POSTING, rowWord } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { ENDS } from '../../src/budget/row.ts';
import { MiB } from '../../src/bytes.ts';

const ROW = 1;
/** More than a post has. */
const MOST_STEPS = 8;

afterEach(() => void vi.restoreAllMocks());

/** What comes of a post when the thread ends before the main thread's step of this number, in order. */
function play(at: number): string[] {
  const ledger = Ledger.create(2, MiB);
  const row = ledger.row(ROW);
  const told: string[] = [];
  const { load, store } = Atomics;
  const look = (): void => void told.push('look');
  let steps = 0;
  let waits = false;
  const before = (): void => {
    if (steps++ !== at) return;
    vi.restoreAllMocks();
    row.begunTask = ENDS;
    waits = load(ledger.words, rowWord(ROW) + POSTING) === 1;
    if (!waits) look();
    watch();
  };
  const watch = (): void => {
    vi.spyOn(Atomics, 'load').mockImplementation(((...given: Parameters<typeof load>) => {
      before();
      return load(...given);
    }) as never);
    vi.spyOn(Atomics, 'store').mockImplementation(((...given: Parameters<typeof store>) => {
      before();
      return store(...given);
    }) as never);
  };
  watch();
  const posted = row.beginPost();
  if (posted) {
    before();
    told.push('post');
    row.endPost();
  }
  vi.restoreAllMocks();
  expect(load(ledger.words, rowWord(ROW) + POSTING)).toBe(0);
  expect(posted).toBe(told.includes('post'));
  if (waits) look();
  return told;
}

it('nothing is posted behind the last look into a port', () => {
  const ends = Array.from({ length: MOST_STEPS }, (_, at) => play(at).join(', '));
  expect(ends).not.toContain('look, post');
  // The thread ends before the post, in the middle of it, and long after it.
  expect(new Set(ends)).toEqual(new Set(['look', 'post, look', 'post']));
});
