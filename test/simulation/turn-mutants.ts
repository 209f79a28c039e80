/** Wrong variants of how requests give way to those that have waited for long, as those in mutants.ts. */
import type { Mutant } from './mutant.ts';

const ladder = 'pool/ladder.ts';
const givingWay = 'pool/giving-way.ts';
const ledger = 'budget/ledger.ts';

export const TURN_MUTANTS: readonly Mutant[] = [
  {
    name: 'leaves the turn of a dead thread to whoever takes its row',
    world: 'waiting',
    file: ledger,
    from: 'word < first + ROW_WORDS; word++',
    // From the word of the turn on.
    to: 'word < first + ROW_WORDS - 17; word++',
  },
  {
    name: 'keeps its turn when its request is over',
    world: 'waiting',
    file: 'budget/row.ts',
    from: 'if (turn === 0) Atomics.store(this.#words, this.#first + TURN, 0);',
    to: '',
  },
  {
    name: 'gives way while it holds what the other waits for',
    world: 'waiting',
    file: givingWay,
    from: 'if (!this.#asking.holds()) return kib;',
    to: 'return kib;',
  },
  {
    name: 'gives way while other tasks of its message hold what the other waits for',
    world: 'sharing',
    file: 'thread/supply.ts',
    from: 'if (this.#around.othersHold()) return 0;',
    to: '',
  },
  {
    name: 'gives way to who has a turn, though its own came before',
    world: 'waiting',
    file: ledger,
    from: 'if (drawn === 0 || !isBefore(drawn, first)) continue;',
    to: 'if (drawn === 0) continue;',
  },
  {
    name: 'gives way to one whose own thread keeps it from the memory',
    world: 'waiting',
    file: ledger,
    from: 'return staysKib + kib <= this.limitKib ? { row: at, kib } : null;',
    to: 'return { row: at, kib };',
  },
  {
    name: 'gives way until its time is over',
    world: 'waiting',
    file: givingWay,
    from: 'if (this.#asking.timeoutMs > 0 && this.#supply.now() >= this.halfAt) return 0;',
    to: '',
  },
  {
    name: 'overtakes a request that has waited for long',
    world: 'waiting',
    file: ladder,
    from: 'let leaveKib = Math.max(request.leaveKib, missingKib > 0 ? this.#owedKib(request, way) : 0);',
    to: 'let leaveKib = request.leaveKib;',
  },
  {
    name: 'draws no turn, however long it waits',
    world: 'waiting',
    file: ladder,
    from: 'if (due) need.turn ??= supply.drawTurn();',
    to: '',
  },
];
