import { afterEach, describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import { retainedQuota } from '../../src/regulation/retained.ts';
import { Heartbeat } from '../../src/runtime/heartbeat.ts';
import { resolveRuntimeOptions } from '../../src/runtime/options.ts';
import { wireRuntime } from '../../src/runtime/wire-runtime.ts';

const SOON = { interval: 1 };

/** A clock that stands still until a timer goes off, and the timers that are pending. */
class Clock {
  nowMs = 0;
  readonly pending = new Set<{ readonly dueMs: number; readonly fire: () => void; alive: boolean }>();
  /** Milliseconds of each timer that was started. */
  readonly started: number[] = [];
  now = () => this.nowMs;
  startTimer = (fire: () => void, milliseconds: number) => {
    const timer = { dueMs: this.nowMs + milliseconds, fire, alive: true };
    this.pending.add(timer);
    this.started.push(milliseconds);
    const keep = (alive: boolean) => {
      timer.alive = alive;
    };
    return {
      ref: () => keep(true),
      unref: () => keep(false),
      [Symbol.dispose]: () => void this.pending.delete(timer),
    };
  };

  get keepsAlive(): boolean {
    return [...this.pending].some(({ alive }) => alive);
  }

  /** The next timer goes off; false when none is pending. */
  fire(): boolean {
    expect(this.pending.size).toBeLessThanOrEqual(1);
    for (const timer of this.pending) {
      this.pending.delete(timer);
      this.nowMs = timer.dueMs;
      timer.fire();
      return true;
    }
    return false;
  }

  /** Timers go off for so long. */
  pass(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    while ([...this.pending].some(({ dueMs }) => dueMs <= endMs)) this.fire();
    this.nowMs = endMs;
  }
}

describe('a heartbeat', () => {
  function start() {
    const clock = new Clock();
    const world = { rounds: [] as number[], occupied: false, unsettled: false, woken: 0, during: () => {} };
    const heartbeat = new Heartbeat(clock, {
      round: () => {
        world.rounds.push(clock.nowMs);
        world.during();
      },
      occupied: () => world.occupied,
      unsettled: () => world.unsettled,
      woken: () => void world.woken++,
    });
    return { clock, world, heartbeat };
  }

  it('has no timer before something happens', () => {
    const { clock } = start();
    expect(clock.pending.size).toBe(0);
  });

  it('beats 20 times a second while there is something to do, and for two seconds more', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    world.occupied = true;
    clock.pass(10_000);
    expect(world.rounds.slice(0, 3)).toEqual([0, 50, 100]);
    expect(world.rounds).toHaveLength(201);
    world.occupied = false;
    clock.pass(60_000);
    expect([world.rounds.at(-1), clock.pending.size]).toEqual([12_000, 0]);
  });

  it('goes on for two seconds after what began and ended between two beats', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    clock.pass(1000);
    heartbeat.wake();
    clock.pass(60_000);
    expect(world.rounds.at(-1)).toBe(3050);
    expect(world.woken).toBe(1);
  });

  it('makes a round at once when it wakes, and beats again', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    clock.pass(100_000);
    heartbeat.wake();
    expect(world.woken).toBe(2);
    clock.pass(50);
    expect(world.rounds.slice(-2)).toEqual([100_000, 100_050]);
  });

  it('looks ever more seldom at what time alone still changes, and ends when that is settled', () => {
    const { clock, world, heartbeat } = start();
    world.unsettled = true;
    heartbeat.wake();
    clock.pass(2000);
    world.rounds.length = 0;
    clock.pass(36_000);
    expect(world.rounds).toEqual([7000, 17_000, 37_000]);
    world.unsettled = false;
    clock.pass(40_000);
    expect([world.rounds.at(-1), clock.pending.size]).toEqual([77_000, 0]);
  });

  it('gives up what is never settled, after an hour and more', () => {
    const { clock, world, heartbeat } = start();
    world.unsettled = true;
    heartbeat.wake();
    clock.pass(2000);
    world.rounds.length = 0;
    while (clock.fire());
    expect(world.rounds).toHaveLength(10);
    expect(clock.nowMs).toBeGreaterThan(3_600_000);
  });

  it('wakes by itself where a look at rest finds something to do', () => {
    const { clock, world, heartbeat } = start();
    world.unsettled = true;
    heartbeat.wake();
    clock.pass(2000);
    world.occupied = true;
    clock.pass(5200);
    expect(world.rounds.slice(-3)).toEqual([7100, 7150, 7200]);
    expect(heartbeat.resting).toBe(false);
  });

  it('makes a round for a reader at rest, once in 200 ms, and starts no timer', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    clock.pass(60_000);
    world.rounds.length = 0;
    heartbeat.refresh();
    heartbeat.refresh();
    expect([world.rounds, clock.pending.size]).toEqual([[60_000], 0]);
    clock.pass(200);
    heartbeat.refresh();
    expect(world.rounds).toEqual([60_000, 60_200]);
  });

  it('makes none for a reader while it is awake, nor for one inside a round', () => {
    const { clock, world, heartbeat } = start();
    world.during = () => heartbeat.refresh();
    heartbeat.wake();
    clock.pass(1000);
    heartbeat.refresh();
    expect(world.rounds).toHaveLength(21);
    clock.pass(10_000);
    world.rounds.length = 0;
    heartbeat.refresh();
    expect(world.rounds).toEqual([11_000]);
  });

  it('keeps the process alive only while it was told to, and does not rest meanwhile', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    expect(clock.keepsAlive).toBe(false);
    heartbeat.ref();
    clock.pass(60_000);
    expect([clock.keepsAlive, world.rounds.at(-1)]).toEqual([true, 60_000]);
    heartbeat.unref();
    expect(clock.keepsAlive).toBe(false);
    clock.pass(60_000);
    expect(clock.pending.size).toBe(0);
  });

  it('goes on after a round that threw', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    world.during = () => {
      world.during = () => {};
      throw new Error('a listener');
    };
    expect(() => clock.pass(100)).toThrow('a listener');
    clock.pass(100);
    expect(world.rounds).toEqual([0, 50, 100]);
  });

  it('has no timer once it has ended, whatever happens', () => {
    const { clock, world, heartbeat } = start();
    heartbeat.wake();
    world.during = () => heartbeat.end();
    clock.pass(100);
    heartbeat.wake();
    heartbeat.refresh();
    expect([world.rounds, clock.pending.size]).toEqual([[0], 0]);
  });
});

describe('a runtime', () => {
  let close = async (): Promise<unknown> => undefined;
  afterEach(() => close());

  /** Its clock and timers are the test's, its threads are real. */
  async function start() {
    const clock = new Clock();
    const ready = Promise.withResolvers<void>();
    const settings = resolveRuntimeOptions({
      job: new URL('../jobs/pooling.ts', import.meta.url),
      threads: 2,
      log: { write: () => {}, close: () => {} },
    });
    const parts = wireRuntime(settings, {
      ...clock,
      load: new CpuLoad({
        ...{ now: clock.now, cores: () => 2 },
        ...{ processCpu: () => 0, systemCpu: () => null, threadTimes: () => null },
      }),
      readMemory: () => ({ rssBytes: 0, limitBytes: null, share: null }),
      free: () => {
        if ([...parts.workers.members].every((member) => member.ready)) ready.resolve();
      },
      failed: ready.reject,
    });
    close = async () => {
      parts.heartbeat.end();
      await parts.workers.retireAll();
    };
    await ready.promise;
    const { tasks, coordinator, heartbeat } = parts;
    const rows = () => coordinator.rows.live();
    return {
      ...parts,
      clock,
      /** Timers go off until none is pending; at rest workers do what they are told each time. */
      async rest(): Promise<number[]> {
        const idleKib = () => rows().reduce((sum, row) => sum + coordinator.rows.idleKib(row), 0);
        const toFreeKib = idleKib() + coordinator.cleanup.freedKib;
        clock.started.length = 0;
        while (clock.fire()) {
          if (!heartbeat.resting) continue;
          await expect.poll(() => coordinator.silentMs(Infinity), SOON).toBe(0);
          await expect.poll(() => idleKib() + coordinator.cleanup.freedKib, SOON).toBe(toFreeKib);
        }
        return clock.started.splice(0);
      },
      run: (order: object) => tasks.accept(order, {}),
      idle: () => rows().map((row) => [0, 1, 2].map((tier) => coordinator.rows.idle(row, tier))),
      kept: retainedQuota(settings.pool, 2),
    };
  }

  it('has no timer at rest but that of the decay, which ends with idle memory at its least', async () => {
    const { clock, run, rest, idle, kept } = await start();
    await Promise.all([1, 2].map(() => run({ do: 'hoard', bytes: MiB, count: 20 })));
    expect(Math.max(...idle().map(([, , large]) => large))).toBe(20);
    const started = await rest();
    const pauses = started.filter((milliseconds) => milliseconds > 50);
    expect(started.length - pauses.length).toBe(2000 / 50);
    // One more where both tasks had a thread of their own, and so twice as much lies idle.
    expect([6, 7]).toContain(pauses.length);
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320].map((s) => s * 1000).slice(0, pauses.length));
    expect(Math.max(...idle().map(([, , large]) => large))).toBe(kept[2]);
    expect(clock.pending.size).toBe(0);
  });

  it('is woken by a task, by what starves, and by requests of the main thread that its idle memory does not serve', async () => {
    const { clock, run, rest, shard, heartbeat, serveStarving } = await start();
    shard.acquire(MiB).release();
    await rest();
    // Nothing waits for what a hit changes.
    const hit = shard.acquire(MiB);
    expect(clock.pending.size).toBe(0);
    hit.release();
    const lease = shard.acquire(2 * MiB);
    expect(clock.started).toEqual([0]);
    clock.pass(5000);
    expect(heartbeat.resting).toBe(false);
    lease.release();
    await rest();
    serveStarving();
    expect(clock.started).toEqual([0]);
    await rest();
    const task = run({ do: 'hoard', bytes: MiB, count: 1 });
    expect(clock.started).toEqual([0]);
    await task;
  });
});
