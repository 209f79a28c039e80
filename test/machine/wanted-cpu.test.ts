import { describe, expect, it } from 'vitest';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import { realSources } from '../../src/machine/cpu-sources.ts';
import { readThreadTimes } from '../../src/machine/thread-times.ts';
import { WantedCpu } from '../../src/machine/wanted-cpu.ts';

describe('how busy the process keeps what it could get', () => {
  /** Three seconds on two cores that are all alike; what each thread does in one. */
  function played(threads: readonly { runs: number; waits: number }[] | null) {
    let second = 0;
    const ran = (threads ?? []).reduce((sum, { runs }) => sum + runs, 0);
    const load = new CpuLoad({
      now: () => second * 1000,
      cores: () => 2,
      processCpu: () => second * ran,
      // Neighbours take all that is left.
      systemCpu: () => ({ busySeconds: 2 * second, totalSeconds: 2 * second }),
      threadTimes: () =>
        threads?.map(({ runs, waits }, at) => ({
          ...{ id: String(at), atMs: second * 1000 },
          ...{ ranSeconds: second * runs, waitedSeconds: second * waits },
        })) ?? null,
    });
    for (; second <= 3; second++) load.sample([]);
    return load;
  }

  it.each<[string, number, ...[number, number][]]>([
    ['that computes all the time, alone', 1, [1, 0], [1, 0]],
    ['that computes all the time beside neighbours', 1, [0.1, 0.9], [0.15, 0.85]],
    ['with more threads than cores', 1, [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]],
    ['with one busy thread of two, beside neighbours', 0.5, [0.3, 0.7], [0, 0]],
    ['that works for a fifth of the time, alone', 0.2, [0.2, 0], [0.2, 0]],
    ['that works for a fifth of the time it could get', 0.2, [0.05, 0.75], [0.05, 0.75]],
    ['that sleeps', 0, [0, 0], [0, 0]],
  ])('%s is %d', (_what, share, ...threads) => {
    const load = played(threads.map(([runs, waits]) => ({ runs, waits })));
    expect(load.share).toBeCloseTo(share, 9);
    expect(load.snapshot().wanted.smoothed).toBeCloseTo(share, 9);
  });

  it("is the machine's load, if that is higher, where the scheduler does not tell", () => {
    const load = played(null);
    expect(load.share).toBeCloseTo(1, 9);
    expect(load.snapshot().wanted).toEqual({ raw: null, smoothed: null });
  });

  it('does not count threads that began or ended, nor one that has the number of another', () => {
    const wanted = new WantedCpu();
    const thread = (id: string, ranSeconds: number, atMs: number) => ({
      id,
      atMs,
      ranSeconds,
      waitedSeconds: 0,
    });
    expect(wanted.observe([thread('1', 5, 0), thread('2', 5, 0)])).toBeNull();
    expect(wanted.observe([thread('1', 5.5, 1000), thread('3', 9, 1000)])).toBeCloseTo(0.5, 9);
    expect(wanted.observe([thread('1', 0.1, 2000), thread('3', 9.25, 2000)])).toBeCloseTo(0.25, 9);
  });

  it('takes a wait for what it was when it is over, and sleep for what is left', () => {
    const wanted = new WantedCpu();
    // It runs for 0.1 s of each second and waits for the rest, which the kernel counts after each three.
    for (let second = 0; second <= 9; second++) {
      const waitedSeconds = 0.9 * (second - (second % 3));
      const cores = wanted.observe([
        { id: '1', atMs: second * 1000, ranSeconds: 0.1 * second, waitedSeconds },
      ]);
      if (second > 0 && second % 3 === 0) expect(cores).toBeGreaterThan(0.8);
    }
  });
});

describe('what the scheduler says', () => {
  const files = (texts: Record<string, string>) => (path: string) => texts[path.split('/')[4]] ?? null;
  const list = () => ['10', '11', '12'];

  it('is read of each thread that is still there', () => {
    const read = files({ 10: '1500000000 250000000 17\n', 12: '0 0 0\n' });
    expect(readThreadTimes(() => 7, read, list)).toEqual([
      { id: '10', atMs: 7, ranSeconds: 1.5, waitedSeconds: 0.25 },
      { id: '12', atMs: 7, ranSeconds: 0, waitedSeconds: 0 },
    ]);
  });

  it.each([
    ['counts nothing', { 10: '0 0 0\n', 11: '0 0 0\n' }],
    ['has no such file', {}],
    ['writes something else', { 10: 'no\n', 11: '' }],
  ])('is nothing where the kernel %s', (_what, texts) => {
    expect(readThreadTimes(() => 0, files(texts as Record<string, string>), list)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('of this process is what it knows itself, or nothing', () => {
    const times = realSources.threadTimes();
    if (times === null) return;
    const { user, system } = process.cpuUsage();
    const ran = times.reduce((sum, { ranSeconds }) => sum + ranSeconds, 0);
    // Threads that have ended are in one of them only, and clocks of the kernel are some milliseconds coarse.
    expect(ran).toBeLessThan((user + system) / 1e6 + 0.1);
    expect(ran).toBeGreaterThan(0);
  });
});
