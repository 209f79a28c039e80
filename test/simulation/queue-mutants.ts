/** Wrong variants of who may wait, and whose turn it is. */
import type { Mutant } from './mutant.ts';

export const QUEUE_MUTANTS: readonly Mutant[] = [
  {
    name: 'lets small tasks overtake the one that waits for memory',
    file: 'runtime/waiting-tasks.ts',
    from: 'if (error === null) return null;',
    to: `if (error === null) {
        const other = this.queue.all().find(({ needKib }) => admission.admits(needKib));
        if (other === undefined) return null;
        this.queue.take(other, nowMs);
        return other;
      }`,
  },
  {
    name: 'puts a task that did not begin behind those that came later',
    world: 'deadly',
    file: 'runtime/queue.ts',
    from: 'this.#running--;\n    tenant.end(entry);\n    this.#wait(tenant, entry);',
    to: 'this.#running--;\n    tenant.end(entry);\n    entry.order = ++this.#order;\n    entry.key = Infinity;\n    this.#wait(tenant, entry);',
  },
  {
    name: 'lets one with more priority overtake whatever waits, for ever',
    file: 'runtime/queue.ts',
    from: 'entry.acceptedMs - entry.priority * this.#rules.ageingMs',
    to: 'entry.acceptedMs - entry.priority * 1e9',
  },
  {
    name: 'takes the input of a run that it refuses',
    file: 'runtime/tasks.ts',
    from: 'waiting.entrance.check({ tenant, needKib: need, broughtKib });',
    to: 'const trial = memory.load(0, packed);\n    waiting.entrance.check({ tenant, needKib: need, broughtKib });\n    memory.bringHome(trial);',
  },
  {
    name: 'takes one more task than may wait',
    file: 'runtime/queue.ts',
    from: "return this.#size >= this.#rules.maxQueue ? 'queueFull' : 'free';",
    to: "return this.#size > this.#rules.maxQueue ? 'queueFull' : 'free';",
  },
  {
    name: 'refuses a task that may still wait',
    file: 'runtime/queue.ts',
    from: "return this.#size >= this.#rules.maxQueue ? 'queueFull' : 'free';",
    to: "return this.#size + 1 >= this.#rules.maxQueue ? 'queueFull' : 'free';",
  },
  {
    name: 'forgets what the running tasks of a tenant hold',
    file: 'runtime/tenant.ts',
    from: 'this.#runningKib += entry.needKib + entry.broughtKib;',
    to: '',
  },
  {
    name: 'lets nobody in who waits for room once tasks have ended',
    file: 'runtime/tasks.ts',
    from: 'workers.want(this.#queue.size);\n    waiting.entrance.look();',
    to: 'workers.want(this.#queue.size);',
  },
  {
    name: 'runs more tasks of a tenant than it may',
    file: 'runtime/tenant.ts',
    from: 'return this.running < maxRunning &&',
    to: 'return this.running <= maxRunning &&',
  },
  {
    name: 'sleeps on when somebody waits for room',
    world: 'resting',
    file: 'runtime/wire-main-thread.ts',
    from: 'const awaited = (): void => heartbeat.wake();',
    to: 'const awaited = (): void => {};',
  },
  {
    name: 'rests while somebody waits for room',
    world: 'resting',
    file: 'runtime/wire-main-thread.ts',
    from: 'waiting.entrance.awaited ||',
    to: '',
  },
];
