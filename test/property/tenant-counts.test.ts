/** What is shown of tenants, after any sequence of what happens to their tasks. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { Queue } from '../../src/runtime/queue.ts';
import { resolveQueueOptions } from '../../src/runtime/queue-options.ts';
import { type Queued, UNPLACED } from '../../src/runtime/tenant.ts';
import { TenantCounts } from '../../src/runtime/tenant-counts.ts';
import { REFUSALS, type TenantSnapshot } from '../../src/telemetry/queue-snapshot.ts';

const NAMED = ['studio', '__proto__', 'constructor', '\n'];
const RULES = resolveQueueOptions({
  tenants: {
    named: Object.fromEntries(NAMED.map((name, at) => [name, { weight: at + 1 }])),
    others: { weight: 0.5 },
  },
});

const step = fc.record({
  do: fc.constantFrom('add', 'add', 'take', 'end', 'leave', 'refuse'),
  tenant: fc.oneof(fc.constantFrom('', ...NAMED), fc.string({ maxLength: 3 })),
  needKib: fc.nat({ max: 9 }),
  broughtKib: fc.nat({ max: 9 }),
  why: fc.constantFrom(...REFUSALS),
  tookMs: fc.integer({ min: 1, max: 50 }),
});

/** Whose figures a task is in. */
const groupOf = (tenant: string): string => (tenant === '' || NAMED.includes(tenant) ? tenant : 'others');
const kib = (tasks: readonly Queued[], of: (task: Queued) => number): number =>
  KiB * tasks.reduce((sum, task) => sum + of(task), 0);

it('each group has exactly its tasks and refused runs, whatever tenants are called', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const queue = new Queue<Queued>(RULES);
      const counts = new TenantCounts(RULES);
      const [waiting, running, ended]: Queued[][] = [[], [], []];
      const refused: string[] = [];
      let served = 0;
      steps.forEach(({ do: what, tenant, needKib, broughtKib, why, tookMs }, nowMs) => {
        const task = { ...UNPLACED, tenant, needKib, broughtKib, priority: 0, acceptedMs: nowMs };
        const over = (one: Queued, startedMs: number | null, endedMs: number): void => {
          queue.ended(one, startedMs, endedMs);
          const end = { name: '', job: 0, shard: 0, acceptedMs: 0, outcome: 'succeeded' as const };
          counts.ended({ ...end, tenant: one.tenant, startedMs, endedMs });
          ended.push(one);
        };
        if (what === 'add') {
          queue.add(task);
          waiting.push(task);
        } else if (what === 'take' && waiting.length > 0) {
          const first = queue.first(nowMs) as Queued;
          queue.take(first, nowMs);
          waiting.splice(waiting.indexOf(first), 1);
          running.push(first);
        } else if (what === 'end' && running.length > 0) {
          const one = running.shift() as Queued;
          served += tookMs;
          over(one, nowMs, nowMs + tookMs);
        } else if (what === 'leave' && waiting.length > 0) {
          const one = waiting.pop() as Queued;
          queue.remove(one);
          over(one, null, nowMs);
        } else if (what === 'refuse') {
          counts.refused(tenant, why);
          refused.push(tenant);
        }
      });
      const { limit, refused: reasons, tenants } = counts.snapshot(queue);
      expect(limit).toBeNull();
      expect(Object.keys(tenants.named)).toEqual(NAMED);
      expect(Object.values(reasons).reduce((all, runs) => all + runs)).toBe(refused.length);
      const groups: [string, TenantSnapshot][] = [
        ['', tenants.none],
        ...Object.entries(tenants.named),
        ['others', tenants.others],
      ];
      for (const [group, shown] of groups) {
        const of = (tasks: readonly Queued[]) => tasks.filter(({ tenant }) => groupOf(tenant) === group);
        expect(shown).toMatchObject({
          weight: group === 'others' ? 0.5 : RULES.rulesOf(group).weight,
          queued: of(waiting).length,
          running: of(running).length,
          ended: of(ended).length,
          refused: refused.filter((tenant) => groupOf(tenant) === group).length,
          queuedBytes: kib(of(waiting), ({ broughtKib }) => broughtKib),
          runningBytes: kib(of(running), ({ broughtKib, needKib }) => broughtKib + needKib),
        });
      }
      const sum = groups.reduce((all, [, { servedSeconds }]) => all + servedSeconds, 0);
      expect(sum).toBeCloseTo(served / 1000, 9);
      const others = [...waiting, ...running].filter(({ tenant }) => groupOf(tenant) === 'others');
      expect(tenants.others.count).toBe(new Set(others.map(({ tenant }) => tenant)).size);
    }),
    { numRuns: 200 },
  );
});

it('of strangers those are counted that have tasks, though others are remembered', () => {
  const queue = new Queue<Queued>(RULES);
  const counts = new TenantCounts(RULES);
  const of = (tenant: string): Queued => {
    return { ...UNPLACED, tenant, needKib: 0, broughtKib: 0, priority: 0, acceptedMs: 0 };
  };
  const [first, second] = [of('first'), of('second')];
  queue.add(first);
  queue.add(second);
  queue.take(first, 0);
  // It had more than its share, and is remembered for that.
  queue.ended(first, 0, 1000);
  expect([...queue.tenants.keys()]).toEqual(['first', 'second']);
  expect(counts.snapshot(queue).tenants.others).toMatchObject({ count: 1, queued: 1, running: 0 });
});
