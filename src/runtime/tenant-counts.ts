/**
 * What is counted of the queue and of its tenants since the start. Owned by `WaitingTasks`, on the main
 * thread.
 * Invariant: a task and a refused run count for exactly one of: the tenant of tasks that name none, one that
 * has limits of its own, all others. So there are as many figures as names in the options, whatever names
 * come, and they add up to those of the runtime.
 */
import { KiB } from '../bytes.ts';
import type { QueueSnapshot, Refusal, TenantSnapshot } from '../telemetry/queue-snapshot.ts';
import type { TaskEnd, TaskObserver } from '../telemetry/task-end.ts';
import type { Queue, QueueRules } from './queue.ts';
import type { Queued, TenantRules } from './tenant.ts';

interface Counted {
  ended: number;
  servedMs: number;
  refused: number;
}

/** Of tenants that the queue keeps in mind. */
interface Held {
  count: number;
  queued: number;
  running: number;
  queuedKib: number;
  runningKib: number;
}

export class TenantCounts implements TaskObserver {
  readonly #rules: QueueRules;
  readonly #refused: Record<Refusal, number> = {
    queueFull: 0,
    tenantQueued: 0,
    tenantBytes: 0,
    tooLarge: 0,
  };
  readonly #none = nothing();
  readonly #named: ReadonlyMap<string, Counted>;
  readonly #others = nothing();

  constructor(rules: QueueRules) {
    this.#rules = rules;
    this.#named = new Map(rules.named.map((name) => [name, nothing()]));
  }

  refused(tenant: string, why: Refusal): void {
    this.#refused[why]++;
    this.#of(tenant).refused++;
  }

  ended({ tenant, startedMs, endedMs }: TaskEnd): void {
    const counted = this.#of(tenant);
    counted.ended++;
    if (startedMs !== null) counted.servedMs += Math.max(0, endedMs - startedMs);
  }

  get refusals(): QueueSnapshot['refused'] {
    return { ...this.#refused };
  }

  snapshot<E extends Queued>(queue: Queue<E>): QueueSnapshot {
    const { maxQueue, others } = this.#rules;
    const rulesOf = (name: string): TenantRules => this.#rules.rulesOf(name);
    const held = new Map<Counted, Held>();
    for (const { name, active, waiting, running, waitingKib, runningKib } of queue.tenants.values()) {
      const counted = this.#of(name);
      const sum = held.get(counted) ?? nobody();
      held.set(counted, {
        count: sum.count + (active ? 1 : 0),
        queued: sum.queued + waiting.size,
        running: sum.running + running,
        queuedKib: sum.queuedKib + waitingKib,
        runningKib: sum.runningKib + runningKib,
      });
    }
    const figures = (counted: Counted, { weight }: TenantRules): TenantSnapshot => {
      const { queued, running, queuedKib, runningKib } = held.get(counted) ?? nobody();
      return {
        weight,
        queued,
        running,
        queuedBytes: queuedKib * KiB,
        runningBytes: runningKib * KiB,
        ended: counted.ended,
        servedSeconds: counted.servedMs / 1000,
        refused: counted.refused,
      };
    };
    return {
      limit: maxQueue === Infinity ? null : maxQueue,
      refused: this.refusals,
      tenants: {
        none: figures(this.#none, rulesOf('')),
        named: Object.fromEntries(
          Array.from(this.#named, ([name, one]) => [name, figures(one, rulesOf(name))]),
        ),
        others: {
          ...figures(this.#others, others),
          count: held.get(this.#others)?.count ?? 0,
        },
      },
    };
  }

  #of(tenant: string): Counted {
    if (tenant === '') return this.#none;
    return this.#named.get(tenant) ?? this.#others;
  }
}

function nothing(): Counted {
  return { ended: 0, servedMs: 0, refused: 0 };
}

function nobody(): Held {
  return { count: 0, queued: 0, running: 0, queuedKib: 0, runningKib: 0 };
}
