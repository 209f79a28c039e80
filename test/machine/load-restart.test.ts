import { expect, it } from 'vitest';
import { CpuLoad } from '../../src/machine/cpu-load.ts';

/** Two threads that are all there is on two cores, and busy for the same share of the time. */
function start() {
  let [nowMs, busySeconds] = [0, 0];
  const load = new CpuLoad({
    now: () => nowMs,
    cores: () => 2,
    processCpu: () => 2 * busySeconds,
    systemCpu: () => ({ busySeconds, totalSeconds: nowMs / 1000 }),
    threadTimes: () =>
      ['1', '2'].map((id) => ({ id, atMs: nowMs, ranSeconds: busySeconds, waitedSeconds: 0 })),
  });
  const thread = {
    shard: 1,
    eventLoop: () => ({ active: busySeconds * 1000, idle: nowMs - busySeconds * 1000 }),
    cpu: () => busySeconds,
  };
  return {
    load,
    pass(seconds: number, busy: number): void {
      nowMs += seconds * 1000;
      busySeconds += seconds * busy;
      load.sample([thread]);
    },
    loads() {
      const { process, wanted, system, byShard } = load.snapshot();
      return [process, wanted, system, byShard[0].eventLoop, byShard[0].cpu];
    },
  };
}

it('after a restart no load is the mean of the time before it', () => {
  const { load, pass, loads } = start();
  const all = (value: number) =>
    loads().map(() => ({ raw: expect.closeTo(value, 9), smoothed: expect.closeTo(value, 9) }));
  for (let second = 0; second < 9; second++) pass(1, 1);
  load.restart();
  pass(3600, 0);
  expect(loads()).toEqual(all(1));
  pass(1, 0.75);
  expect(loads()).toEqual(all(0.75));
});
