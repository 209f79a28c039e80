/** The queue of tasks beside a plain model of it, on any sequence of what is done to it; and its speed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/runtime/queue.ts';
import { resolveQueueOptions } from '../../src/runtime/queue-options.ts';
import { type Queued, UNPLACED } from '../../src/runtime/tenant.ts';

interface Task extends Queued {
  readonly id: number;
}

let ids = 0;

function task(parts: Partial<Task>): Task {
  return {
    ...UNPLACED,
    id: ids++,
    tenant: '',
    priority: 0,
    acceptedMs: 0,
    needKib: 0,
    broughtKib: 0,
    ...parts,
  };
}

const RULES = resolveQueueOptions({
  maxQueue: 12,
  ageingMs: 5,
  tenants: {
    named: { one: { maxRunning: 1, maxQueued: 4 }, small: { maxBytes: 8 * 1024 }, heavy: { weight: 3 } },
    others: { weight: 0.5 },
  },
});
const NAMES = ['', 'one', 'small', 'heavy', 'x', 'y'];

/** What the queue promises, in as few words as there are, and as slow as that is. */
class Model {
  waiting: Task[] = [];
  running: Task[] = [];

  of(tenant: string, tasks: readonly Task[]): Task[] {
    return tasks.filter((task) => task.tenant === tenant);
  }

  room(tenant: string, broughtKib: number): string {
    const { maxQueued, maxKib } = RULES.rulesOf(tenant);
    const own = this.of(tenant, this.waiting);
    const kib = own.reduce((sum, task) => sum + task.broughtKib, broughtKib);
    if (own.length >= maxQueued) return 'tenantQueued';
    if (kib > maxKib) return 'tenantBytes';
    return this.waiting.length >= RULES.maxQueue ? 'queueFull' : 'free';
  }

  /** Of each tenant that may start one, the task that comes first. */
  candidates(): Task[] {
    return NAMES.flatMap((tenant) => {
      const { maxRunning, maxKib } = RULES.rulesOf(tenant);
      const running = this.of(tenant, this.running);
      const [first] = this.of(tenant, this.waiting).sort(
        (a, b) => a.acceptedMs - 5 * a.priority - (b.acceptedMs - 5 * b.priority) || a.order - b.order,
      );
      if (first === undefined || running.length >= maxRunning) return [];
      const kib = [...running, first].reduce((sum, task) => sum + task.needKib + task.broughtKib, 0);
      return kib <= maxKib ? [first] : [];
    });
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      tenant: fc.constantFrom(...NAMES),
      priority: fc.integer({ min: -2, max: 2 }),
      needKib: fc.nat({ max: 5 }),
      broughtKib: fc.nat({ max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), began: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 12 }) }) },
);

describe('the queue', () => {
  it('does what a plain model of it does, on any sequence of steps', () => {
    const rooms = new Set<string>();
    fc.assert(
      // By default lists stay so short that no limit is reached.
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const queue = new Queue<Task>(RULES);
        const model = new Model();
        let nowMs = 0;
        for (const step of steps) {
          if (step.do === 'wait') nowMs += step.ms;
          else if (step.do === 'add') {
            const { tenant, priority, needKib, broughtKib } = step;
            const room = model.room(tenant, broughtKib);
            expect(queue.room(tenant, broughtKib)).toBe(room);
            rooms.add(room);
            const added = task({ tenant, priority, needKib, broughtKib, acceptedMs: nowMs });
            const fits = needKib + broughtKib <= RULES.rulesOf(tenant).maxKib;
            expect(queue.canEverStart(added)).toBe(fits);
            if (room !== 'free' || !fits) continue;
            model.waiting.push(added);
            const next = model.candidates();
            const wouldBeNext = queue.wouldBeNext(added);
            queue.add(added);
            // What would be next is, whatever else waits.
            if (wouldBeNext) expect([next.length, queue.first(nowMs)]).toEqual([1, added]);
          } else if (step.do === 'take') {
            const first = queue.first(nowMs);
            const candidates = model.candidates();
            if (candidates.length === 0) expect(first).toBe(null);
            else expect(candidates).toContain(first);
            if (first === null) continue;
            queue.take(first, nowMs);
            model.waiting = model.waiting.filter((other) => other !== first);
            model.running.push(first);
          } else if (step.do === 'remove') {
            const removed = model.waiting[step.which % model.waiting.length];
            if (removed === undefined) continue;
            expect([queue.remove(removed), queue.remove(removed)]).toEqual([true, false]);
            model.waiting = model.waiting.filter((other) => other !== removed);
          } else {
            const over = model.running[step.which % model.running.length];
            if (over === undefined) continue;
            model.running = model.running.filter((other) => other !== over);
            if (step.do === 'restore') {
              queue.restore(over);
              model.waiting.push(over);
            } else {
              queue.ended(over, step.began ? over.takenMs : null, nowMs);
              // Told twice, it is over once.
              queue.ended(over, over.takenMs, nowMs);
            }
          }
          expect(queue.size).toBe(model.waiting.length);
          expect(queue.all()).toEqual([...model.waiting].sort((a, b) => a.order - b.order));
          for (const tenant of NAMES) {
            const [queued, running] = [model.waiting, model.running].map(
              (tasks) => model.of(tenant, tasks).length,
            );
            expect(queue.countsOf(tenant)).toEqual({ queued, running });
          }
          if (model.waiting.length + model.running.length === 0) expect(queue.tenants.size).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
    expect([...rooms].sort()).toEqual(['free', 'queueFull', 'tenantBytes', 'tenantQueued']);
  });

  it('shares out the time by weights between any tenants that always want more, however long their tasks', () => {
    const tenants = fc.array(
      fc.record({ weight: fc.integer({ min: 1, max: 8 }), lengthMs: fc.integer({ min: 1, max: 50 }) }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(tenants, fc.integer({ min: 1, max: 4 }), (tenants, threads) => {
        const named = Object.fromEntries(tenants.map(({ weight }, at) => [`t${at}`, { weight }]));
        const queue = new Queue<Task>(resolveQueueOptions({ tenants: { named } }));
        const served = tenants.map(() => 0);
        const running: { task: Task; at: number; endMs: number }[] = [];
        for (const at of tenants.keys())
          for (let one = 0; one < 2 * threads; one++) queue.add(task({ tenant: `t${at}` }));
        let nowMs = 0;
        while (nowMs < 20_000) {
          while (running.length < threads) {
            const next = queue.first(nowMs) as Task;
            queue.take(next, nowMs);
            const at = Number(next.tenant.slice(1));
            running.push({ task: next, at, endMs: nowMs + tenants[at].lengthMs });
            queue.add(task({ tenant: next.tenant, acceptedMs: nowMs }));
          }
          running.sort((a, b) => a.endMs - b.endMs);
          const [{ task: over, at, endMs }] = running.splice(0, 1);
          nowMs = endMs;
          queue.ended(over, over.takenMs, nowMs);
          served[at] += tenants[at].lengthMs;
        }
        const shares = served.map((ms, at) => ms / tenants[at].weight);
        // Tags are apart by what one tenant may have under way, and by what was expected wrongly of it.
        const most = Math.max(...tenants.map(({ weight, lengthMs }) => (lengthMs * 2 * threads) / weight));
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(2 * most);
      }),
      { numRuns: 200 },
    );
  });

  it('forgets tenants that have nothing, whatever number of names there are', () => {
    const queue = new Queue<Task>(resolveQueueOptions({}));
    const busy = task({ tenant: 'busy' });
    queue.add(busy);
    queue.take(busy, 0);
    for (let at = 0; at < 20_000; at++) {
      const one = task({ tenant: `name ${at}`, acceptedMs: at });
      queue.add(one);
      queue.take(queue.first(at) as Task, at);
      queue.ended(one, at, at + 500);
    }
    expect(queue.tenants.size).toBeLessThanOrEqual(1002);
    queue.ended(busy, 0, 1e6);
    expect(queue.tenants.size).toBe(0);
  });

  it('compares a logarithm of a million waiting tasks in each step, and no more', () => {
    const queue = new Queue<Task>(resolveQueueOptions({}));
    let compared = 0;
    /** Counts how often its key is looked at. */
    class Counted {
      #key = 0;
      get key(): number {
        compared++;
        return this.#key;
      }
      set key(key: number) {
        this.#key = key;
      }
    }
    const tasks = Array.from({ length: 1_000_000 }, (_, at): Task => {
      const { key: _key, ...parts } = task({ priority: (at % 21) - 10, acceptedMs: at });
      return Object.assign(new Counted(), parts);
    });
    /** Of any single step. */
    const most = (steps: number, step: (at: number) => void): number => {
      let most = 0;
      for (let at = 0; at < steps; at++) {
        compared = 0;
        step(at);
        most = Math.max(most, compared);
      }
      return most;
    };
    const added = most(tasks.length, (at) => queue.add(tasks[at]));
    // In no order.
    const removed = most(tasks.length / 2, (at) => void queue.remove(tasks[(2 * at * 7919) % tasks.length]));
    const startMs = performance.now();
    const started = most(100_000, (at) => {
      const next = queue.first(at) as Task;
      queue.take(next, at);
      queue.ended(next, at, at + 1);
    });
    const us = ((performance.now() - startMs) / 100_000) * 1000;
    console.log(`${us.toFixed(1)} us for one to start and end, ${started} looks; ${removed} to leave`);
    expect(queue.size).toBe(400_000);
    // Two looks a comparison, and two of these a level on the way down.
    const levels = Math.log2(tasks.length);
    expect(Math.max(added, removed, started)).toBeLessThan(6 * levels);
  });
});
