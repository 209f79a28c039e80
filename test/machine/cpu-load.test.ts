import { describe, expect, it } from 'vitest';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import { type CpuSources, realSources, type ThreadSource } from '../../src/machine/cpu-sources.ts';
import { parseStat } from '../../src/machine/proc-stat.ts';
import type { ThreadTimes } from '../../src/machine/thread-times.ts';

/** A machine of the test's own: it sets what has happened, and how long it took. */
class Machine implements CpuSources {
  nowMs = 5000;
  cpuSeconds = 3;
  system: { busySeconds: number; totalSeconds: number } | null = { busySeconds: 100, totalSeconds: 1000 };
  coreCount = 2;
  times: readonly ThreadTimes[] | null = null;
  now = () => this.nowMs;
  processCpu = () => this.cpuSeconds;
  systemCpu = () => this.system;
  cores = () => this.coreCount;
  threadTimes = () => this.times;

  pass(ms: number, cpuSeconds: number): void {
    this.nowMs += ms;
    this.cpuSeconds += cpuSeconds;
  }
}

/** A thread whose questions stay open until the test answers them. */
class Thread implements ThreadSource {
  readonly shard: number;
  loop: { active: number; idle: number } | null = { active: 0, idle: 0 };
  readonly questions: PromiseWithResolvers<number>[] = [];
  eventLoop = () => this.loop;
  cpu = () => {
    this.questions.push(Promise.withResolvers());
    return this.questions.at(-1)!.promise;
  };

  constructor(shard: number) {
    this.shard = shard;
  }

  async answer(cpuSeconds: number): Promise<void> {
    this.questions.at(-1)!.resolve(cpuSeconds);
    await Promise.resolve();
  }
}

const throwing = () => {
  throw new Error('not on this machine');
};

describe('the load of the process', () => {
  it('is its CPU time beside that of the cores it may use', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    load.sample([]);
    expect([load.processShare, load.cpuSeconds]).toEqual([null, 3]);
    machine.pass(200, 0.1);
    load.sample([]);
    expect(load.processShare).toBeCloseTo(0.25, 9);
    expect(load.cpuSeconds).toBe(3.1);
  });

  it('counts a part of a core as a part', () => {
    const machine = new Machine();
    machine.coreCount = 1.5;
    const load = new CpuLoad(machine);
    load.sample([]);
    machine.pass(1000, 1.2);
    load.sample([]);
    expect(load.processShare).toBeCloseTo(0.8, 9);
    expect(load.snapshot().cores).toBe(1.5);
  });

  it('follows the cores when they change on the way', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    load.sample([]);
    machine.pass(1000, 1);
    load.sample([]);
    machine.coreCount = 1;
    machine.pass(1000, 1);
    load.sample([]);
    expect(load.snapshot().process.raw).toBeCloseTo(1, 9);
  });

  it('is smoothed by the time constant that was asked for', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine, 500);
    load.sample([]);
    machine.pass(200, 0);
    load.sample([]);
    machine.pass(500, 1);
    load.sample([]);
    expect(load.snapshot().process.raw).toBeCloseTo(1, 9);
    expect(load.processShare).toBeCloseTo(1 - 1 / Math.E, 9);
  });

  it('never lets the total of CPU time fall', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    load.sample([]);
    machine.pass(100, -1);
    load.sample([]);
    expect(load.cpuSeconds).toBe(3);
  });
});

describe('the load of the machine', () => {
  it('is read once a second', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    for (let ms = 0; ms < 1000; ms += 200) {
      load.sample([]);
      machine.system!.busySeconds += 0.3;
      machine.system!.totalSeconds += 0.4;
      machine.pass(200, 0);
      expect(load.snapshot().system.raw).toBeNull();
    }
    load.sample([]);
    expect(load.snapshot().system.raw).toBeCloseTo(0.75, 9);
  });

  it.each([
    ['cpu  100 20 30 800 50 5 5 10 90 9\ncpu0 1 1 1 1', { busySeconds: 1.7, totalSeconds: 10.2 }],
    ['cpu 1 1 1 1\n', { busySeconds: 0.03, totalSeconds: 0.04 }],
    ['', null],
    ['cpu  1 2\n', null],
    ['cpu  a b c d e f g h\n', null],
    ['cpu0 1 2 3 4\n', null],
  ])('is read from %j', (stat, expected) => {
    expect(parseStat(stat)).toEqual(expected);
  });
});

describe('the busy time of worker threads', () => {
  it("is that of all their event loops since the first sample, and not the main thread's", () => {
    const load = new CpuLoad(new Machine());
    const [main, first, second] = [0, 1, 2].map((shard) => new Thread(shard));
    first.loop = { active: 400, idle: 0 };
    load.sample([main, first]);
    expect(load.busySeconds).toBe(0);
    main.loop = { active: 900, idle: 0 };
    first.loop = { active: 900, idle: 0 };
    second.loop = { active: 100, idle: 0 };
    load.sample([main, first, second]);
    expect(load.busySeconds).toBeCloseTo(0.5, 9);
    // Its successor counts from its own first sample, and nothing is taken back.
    load.forget(1);
    first.loop = { active: 10, idle: 0 };
    second.loop = { active: 300, idle: 0 };
    load.sample([main, first, second]);
    first.loop = { active: 60, idle: 0 };
    load.sample([main, first]);
    expect(load.busySeconds).toBeCloseTo(0.75, 9);
  });
});

describe('the load of a thread', () => {
  it('is the share of time that its event loop was not idle', () => {
    const load = new CpuLoad(new Machine());
    const thread = new Thread(2);
    load.sample([thread]);
    thread.loop = { active: 30, idle: 70 };
    load.sample([thread]);
    expect(load.snapshot().byShard).toMatchObject([{ shard: 2, eventLoop: { raw: 0.3, smoothed: 0.3 } }]);
  });

  it('is its CPU time beside the time between two answers', async () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const thread = new Thread(1);
    load.sample([thread]);
    await thread.answer(1);
    machine.pass(1000, 0);
    load.sample([thread]);
    machine.pass(600, 0); // it was inside a native call
    await thread.answer(2.2);
    expect(load.snapshot().byShard[0].cpu.raw).toBeCloseTo(1.2 / 1.6, 9);
  });

  it('is asked for once a second, and not again before it answered', async () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const thread = new Thread(1);
    const asked: number[] = [];
    for (let sample = 0; sample < 30; sample++) {
      load.sample([thread]);
      if (thread.questions.length > asked.length) asked.push(sample);
      // The second question is answered three seconds late.
      if (sample === asked[0] || sample === 20) await thread.answer(sample);
      machine.pass(200, 0);
    }
    expect(asked).toEqual([0, 5, 21]);
  });

  it('is asked for in turns, so that each gets its turn in a second', async () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const threads = Array.from({ length: 12 }, (_, shard) => new Thread(shard));
    let before = 0;
    for (let sample = 0; sample <= 10; sample++) {
      load.sample(threads);
      const asked = threads.reduce((sum, thread) => sum + thread.questions.length, 0);
      expect(asked - before).toBeLessThanOrEqual(3);
      before = asked;
      for (const thread of threads) if (thread.questions.length > 0) await thread.answer(sample);
      machine.pass(200, 0);
    }
    for (const thread of threads) expect(thread.questions.length).toBeGreaterThanOrEqual(1);
  });

  it('may be answered at once', () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const source = { shard: 0, eventLoop: () => null, cpu: () => machine.nowMs / 4000 };
    load.sample([source]);
    machine.pass(1000, 0);
    load.sample([source]);
    expect(load.snapshot().byShard).toEqual([
      { shard: 0, cpu: { raw: 0.25, smoothed: 0.25 }, eventLoop: { raw: null, smoothed: null } },
    ]);
  });

  it('that died unanswered is asked for again', async () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const thread = new Thread(1);
    load.sample([thread]);
    thread.questions[0].reject(new Error('ERR_WORKER_NOT_RUNNING'));
    await new Promise(setImmediate);
    machine.pass(1000, 0);
    load.sample([thread]);
    expect(thread.questions).toHaveLength(2);
    expect(load.snapshot().byShard[0].cpu.raw).toBeNull();
  });

  it('is gone with the thread, and a late answer of the old one is not counted to the new one', async () => {
    const machine = new Machine();
    const load = new CpuLoad(machine);
    const [old, next] = [new Thread(1), new Thread(1)];
    load.sample([old]);
    await old.answer(1);
    machine.pass(1000, 0);
    load.sample([old]);
    load.forget(1);
    expect(load.snapshot().byShard).toEqual([]);
    load.sample([next]);
    await next.answer(0);
    await old.answer(9);
    machine.pass(1000, 0);
    load.sample([next]);
    await next.answer(0.5);
    expect(load.snapshot().byShard[0].cpu.raw).toBeCloseTo(0.5, 9);
  });

  it('is left out when the thread was not sampled', () => {
    const load = new CpuLoad(new Machine());
    load.sample([new Thread(3), new Thread(1)]);
    expect(load.snapshot().byShard.map(({ shard }) => shard)).toEqual([1, 3]);
    load.sample([new Thread(3)]);
    expect(load.snapshot().byShard.map(({ shard }) => shard)).toEqual([3]);
  });
});

describe('a sample', () => {
  const names = ['now', 'processCpu', 'systemCpu', 'threadTimes', 'cores'] as const;

  it.each(names)('goes on without %s', (name) => {
    const machine = new Machine();
    machine[name] = throwing;
    const load = new CpuLoad(machine);
    for (let sample = 0; sample < 3; sample++) {
      load.sample([
        { shard: 1, eventLoop: throwing, cpu: throwing },
        { shard: 2, eventLoop: () => null },
      ]);
      machine.pass(1000, 1);
      machine.system!.totalSeconds += 2;
    }
    const { process, system } = load.snapshot();
    expect(process.raw === null).toBe(name === 'now' || name === 'processCpu');
    expect(system.raw === null).toBe(name === 'now' || name === 'systemCpu');
  });

  it('of this machine has its figures', () => {
    expect(realSources.cores()).toBeGreaterThan(0);
    expect(realSources.processCpu()).toBeGreaterThan(0);
    const system = realSources.systemCpu()!;
    expect(system.totalSeconds).toBeGreaterThan(system.busySeconds);
  });
});
