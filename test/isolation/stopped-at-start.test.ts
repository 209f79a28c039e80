/** A process that somebody stops before its runtime has started. */
import { expect, it, vi } from 'vitest';
import { createIsolatedRunner } from '../../src/isolation/index.ts';
import { RuntimeProcess } from '../../src/isolation/runtime-process.ts';
import { isThere } from './isolated.ts';

const stopped = vi.hoisted(() => ({ pid: 0 }));

/** Stops the first process that has not started, and calls that silent once it was asked in vain. */
vi.mock('../../src/isolation/silence.ts', () => ({
  ROUND_MS: 20,
  Silence: class {
    round(processes: Iterable<RuntimeProcess>): RuntimeProcess[] {
      return [...processes].filter((one) => {
        if (stopped.pid === 0 && !one.isReady) {
          stopped.pid = one.pid!;
          process.kill(stopped.pid, 'SIGSTOP');
        }
        const wasAsked = one.isAsked;
        one.look();
        return wasAsked && one.pid === stopped.pid;
      });
    }
  },
}));

it('is found silent, and started again', async () => {
  const job = new URL('../jobs/deadly.ts', import.meta.url);
  await using runner = await createIsolatedRunner({ job, threads: 1, spare: false });
  expect(stopped.pid).toBeGreaterThan(0);
  expect(runner.pids).not.toContain(stopped.pid);
  expect(isThere(stopped.pid)).toBe(false);
  expect(await runner.run({ do: 'echo', value: 1 })).toBe(1);
});

it('one that only takes long to start answers meanwhile', async () => {
  const jobs = { late: new URL('../jobs/starts-late.ts', import.meta.url) };
  const ignored = () => {};
  const events = { ready: ignored, ended: ignored, progressed: ignored, logged: ignored, died: ignored };
  const one = new RuntimeProcess({ options: { jobs, threads: 1 }, threads: 1, ffmpegLog: undefined }, events);
  try {
    one.look();
    expect(one.isAsked).toBe(true);
    await expect.poll(() => one.isAsked, { timeout: 20_000 }).toBe(false);
    expect(one.isReady).toBe(false);
  } finally {
    one.kill();
    await one.gone;
  }
});
