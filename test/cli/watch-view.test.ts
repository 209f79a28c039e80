import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Progress } from '../../src/cli/progress.ts';
import { render } from '../../src/cli/watch-view.ts';
import type { Snapshot } from '../../src/telemetry/snapshot.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';

const NO_LOAD = { raw: null, smoothed: null };
const PROGRESS: Progress = {
  doneSeconds: 42,
  totalSeconds: 100,
  files: 51,
  failed: 1,
  totalFiles: 118,
  elapsedSeconds: 12.3,
};

function lines(
  space: Partial<Parameters<typeof render>[2]>,
  snapshot = snapshotWith(),
  progress: Partial<Progress> = {},
): string[] {
  const whole = { columns: 120, rows: 40, colour: false, ...space };
  return render(snapshot, { ...PROGRESS, ...progress }, whole).split('\n');
}

/** With so many worker threads, of which every tenth starves. */
function manyShards(threads: number): Snapshot {
  const snapshot = snapshotWith();
  const shards = Array.from({ length: threads + 1 }, (_, shard) => ({
    ...snapshot.shards[1],
    shard,
    starvingBytes: shard % 10 === 9 ? 4096 : 0,
  }));
  return { ...snapshot, shards };
}

describe('the live view', () => {
  it('shows everything on a wide terminal', () => {
    expect(lines({})).toEqual([
      'files     #################....................... 42 %, 51 of 118, 1 failed, 12 s, 17 s left',
      'budget    ###############.........|............... 38 MiB of 100 MiB, peak 61 MiB',
      'pressure  elevated: budget 38 %, process 66 % (341 MiB), 9 s elevated, 2 s high, 1 s critical',
      'small     #############=========================== 12 KiB used, 24 KiB idle, 99 % hits',
      'medium    ########================================ 192 KiB used, 768 KiB idle, 99 % hits',
      'large     ##########################============== 20 MiB used, 11 MiB idle, 92 % hits',
      'direct    ######################################## 6 MiB used, 0 B idle',
      'cpu       #####################################... process 93 % of 2 cores, system 95 %',
      'block     96 KiB, baseline 64 KiB, ceiling 512 KiB; hits 99.1 % of 10102',
      'main      ########................................ cpu 20 %, 15 MiB, 3 MiB idle'.replace('15', '8'),
      'worker 1  ##################...................... cpu 45 %, 15 MiB, 3 MiB idle',
      'worker 2  ############################............ starving for 1 MiB, cpu 70 %, 15 MiB, 3 MiB idle',
      'at 48 s   trim 3 MiB regretted: 9 MiB lay idle through the last interval.',
      'at 59 s   grow to 96 KiB: CPU load is 93 % of 2 cores.',
    ]);
  });

  it('marks the peak within the bar, also where it was the whole budget', () => {
    const full = { limitBytes: 100, peakBytes: 100, usedBytes: 50 };
    expect(lines({}, snapshotWith({ budget: full }))[1]).toMatch(/^budget {4}#{20}\.{19}\| 50 B/);
    const now = { ...full, usedBytes: 100 };
    expect(lines({}, snapshotWith({ budget: now }))[1]).toMatch(/^budget {4}#{40} 100 B/);
  });

  it('cuts its lines on a narrow terminal, with shorter bars', () => {
    expect(lines({ columns: 40 }).slice(0, 4)).toEqual([
      'files     ###..... 42 %, 51 of 118, 1 fa',
      'budget    ###..|.. 38 MiB of 100 MiB, pe',
      'pressure  elevated: budget 38 %, process',
      'small     ###===== 12 KiB used, 24 KiB i',
    ]);
  });

  it('folds the shards that find no room, and says how many of them starve', () => {
    const shown = lines({ rows: 24 }, manyShards(64));
    expect(shown).toHaveLength(23);
    expect(shown[9]).toMatch(/^main /);
    expect(shown.slice(-3)).toEqual([
      expect.stringContaining('and 54 more, 5 starving'),
      expect.stringMatching(/^at 48 s/),
      expect.stringMatching(/^at 59 s/),
    ]);
  });

  it('shows all shards where there is room', () => {
    expect(lines({ rows: 100 }, manyShards(64)).filter((line) => /^(main|worker)/.test(line))).toHaveLength(
      65,
    );
  });

  it('uses colours and blocks only where they are wanted', () => {
    const coloured = lines({ colour: true });
    expect(coloured[1]).toContain('\x1b[36m███████████████\x1b[39m');
    expect(stripVTControlCharacters(coloured[1])).toBe(
      'budget    ███████████████░░░░░░░░░│░░░░░░░░░░░░░░░ 38 MiB of 100 MiB, peak 61 MiB',
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(lines({}).join('\n')).toMatch(/^[^\x1b\x80-\uffff]+$/);
  });

  it('says so where something is not known or did not happen', () => {
    const snapshot = snapshotWith({
      cpu: { process: NO_LOAD, wanted: NO_LOAD, system: NO_LOAD, byShard: [] },
      pressure: {
        level: 'nominal',
        emergency: false,
        processShare: null,
        secondsAtLevel: { nominal: 60, elevated: 0, high: 0, critical: 0 },
      },
      pool: { byTier: { direct: { acquires: 0 } } },
      decisions: { recent: [] },
    });
    const shown = lines({}, snapshot);
    expect(shown[2]).toBe('pressure  nominal: budget 38 %, process 341 MiB');
    const without = { ...snapshot, pressure: { ...snapshot.pressure, rssBytes: 0 } };
    expect(lines({}, without)[2]).toBe('pressure  nominal: budget 38 %, process unknown');
    expect(shown).toContain(`cpu       ${'.'.repeat(40)} process unknown of 2 cores, system unknown`);
    expect(shown.filter((line) => /^(direct|at )/.test(line))).toEqual([]);
  });

  it.each<[string, Partial<Progress>, RegExp]>([
    ['at the start', { doneSeconds: 0, files: 0, failed: 0, elapsedSeconds: 0 }, / 0 %, 0 of 118, 0 s$/],
    ['of files without a known length', { totalSeconds: 0, failed: 0 }, / 43 %, 51 of 118, 12 s, 16 s left$/],
    ['past its estimate', { doneSeconds: 120, failed: 0 }, /#{40} 99 %, 51 of 118, 12 s$/],
    [
      'of hours',
      { doneSeconds: 1, failed: 0, elapsedSeconds: 100 },
      / 1 %, 51 of 118, 2 min, 2 h 45 min left$/,
    ],
  ])('shows progress %s', (_case, progress, expected) => {
    expect(lines({}, snapshotWith(), progress)[0]).toMatch(expected);
  });

  it('says when there is an emergency', () => {
    const shown = lines({}, snapshotWith({ pressure: { level: 'critical', emergency: true } }));
    expect(shown[2]).toMatch(/^pressure {2}critical, emergency: budget/);
  });

  it('never leaves the terminal, whatever its size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 80 }),
        (columns, rows, colour, threads) => {
          const drawn = lines({ columns, rows, colour }, manyShards(threads));
          expect(drawn.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
          for (const line of drawn)
            expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 300 },
    );
  });
});
