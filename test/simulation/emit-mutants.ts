/** Wrong variants of how tasks emit values, as those in mutants.ts. */
import type { Mutant } from './mutant.ts';

const running = 'runtime/running-tasks.ts';

export const EMIT_MUTANTS: readonly Mutant[] = [
  {
    name: 'counts a value as read when it arrives',
    world: 'emitting',
    file: running,
    from: 'else entry.reader.take(memory.deliver(arrival), () => this.#read(entry));',
    to: 'else {\n      this.#read(entry);\n      entry.reader.take(memory.deliver(arrival), () => {});\n    }',
  },
  {
    name: 'wakes nobody when a value is read',
    world: 'emitting',
    file: running,
    from: 'ledger.row((entry.member as Member).row).countRead();\n    ledger.wake();',
    to: 'ledger.row((entry.member as Member).row).countRead();',
  },
  {
    name: 'loses what a task emits whose caller has given up',
    world: 'emitting',
    file: running,
    from: 'if (entry.answered || entry.reader === undefined) memory.keep(arrival);',
    to: 'if (entry.answered || entry.reader === undefined) void arrival;',
  },
  {
    name: 'waits on for its reader when its task is cancelled',
    world: 'emitting',
    file: 'thread/emitter.ts',
    from: "if (loop.currentCancelled) throw new DOMException('This operation was aborted', 'AbortError');",
    to: '',
  },
];
