/**
 * Calls of the production ledger, taken apart into their atomic steps.
 *
 * Owns a tree for each call: a node is a call with the answers that its atomic steps got so far, and knows
 * the next step or the result. A node is found by running the real code from its start with these answers and
 * halting it at the first step that has none: between two steps the code is deterministic and has no side
 * effect, so that is enough once. A scan inside a reservation is a call of its own, and its sum the answer to
 * the outer call: a function that has returned leaves nothing behind but its result.
 * Invariant: nothing here knows what a call does; whatever the ledger's code asks of its memory is a step.
 */
import { PEAK, WAKE } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import type { Memory } from '../../src/budget/memory.ts';
import { KiB } from '../../src/bytes.ts';

export interface Step {
  readonly kind: 'load' | 'store' | 'add' | 'exchange';
  /** Index of the word in the ledger. */
  readonly at: number;
  readonly value: number;
  /** Of an exchange: what it stores if it finds `value`. */
  readonly replacement: number;
}

export type Answer = number | null;

export interface Node {
  readonly id: number;
  /**
   * What comes next: a step, or a scan from its first node on; `null` for both when the call has returned.
   */
  readonly step: Step | null;
  readonly scan: Node | null;
  readonly result: unknown;
  readonly answers: readonly Answer[];
  readonly after: Map<Answer, Node>;
  readonly call: Call;
}

/** How long a reservation goes on before it is refused. */
export type Patience = NonNullable<ConstructorParameters<typeof Ledger>[3]>;

interface Call {
  readonly name: string;
  readonly run: (ledger: Ledger) => unknown;
}

interface CallsOptions {
  readonly rows: number;
  readonly budgetKib: number;
  readonly patience: Patience;
  /**
   * Makes the steps that keep the peak visible. They and the wake word decide nothing about charges; left
   * out, the threads are not switched at them.
   */
  readonly peak: boolean;
}

export type MakeLedger = (
  shared: SharedArrayBuffer,
  memory: Memory,
  random: () => number,
  patience: Patience,
) => Ledger;

const SCAN: Call = { name: 'scan', run: (ledger) => ledger.sumKib() };

class Halt extends Error {}

export class Calls {
  /** How often the ledger's code was run. */
  runs = 0;
  readonly #roots = new Map<string, Node>();
  readonly #ledger: Ledger;
  readonly #halt = new Halt();
  readonly #scan: () => number | null;
  #answers: readonly Answer[] = [];
  #replayed = 0;
  #step: Step | 'scan' | null = null;
  #scanning = false;
  #nodes = 0;

  constructor(make: MakeLedger, { rows, budgetKib, patience, peak }: CallsOptions) {
    const { shared } = Ledger.create(rows, budgetKib * KiB);
    const ask = (step: Step): number => this.#ask(step) as number;
    const hidden = (at: number): boolean => at === WAKE || (at === PEAK && !peak);
    const memory: Memory = {
      load: (at) =>
        // A peak that no sum can raise.
        hidden(at) ? Number.MAX_SAFE_INTEGER : ask({ kind: 'load', at, value: 0, replacement: 0 }),
      store: (at, value) => void ask({ kind: 'store', at, value, replacement: 0 }),
      add: (at, value) => (hidden(at) ? 0 : ask({ kind: 'add', at, value, replacement: 0 })),
      compareExchange: (at, value, replacement) => ask({ kind: 'exchange', at, value, replacement }),
      notify: () => {},
    };
    const ledger = make(shared, memory, () => 0, patience);
    const { sumKib } = ledger;
    this.#scan = () => sumKib.call(ledger);
    ledger.sumKib = () => (this.#scanning ? this.#scan() : this.#ask('scan'));
    this.#ledger = ledger;
  }

  start(name: string, run: Call['run']): Node {
    return this.#start({ name, run });
  }

  next(node: Node, answer: Answer): Node {
    let next = node.after.get(answer);
    if (next === undefined) {
      next = this.#find(node.call, [...node.answers, answer]);
      node.after.set(answer, next);
    }
    return next;
  }

  #start(call: Call): Node {
    let root = this.#roots.get(call.name);
    if (root === undefined) {
      root = this.#find(call, []);
      this.#roots.set(call.name, root);
    }
    return root;
  }

  #find(call: Call, answers: readonly Answer[]): Node {
    this.runs++;
    this.#answers = answers;
    this.#replayed = 0;
    this.#scanning = call === SCAN;
    let result: unknown;
    let step: Step | 'scan' | null = null;
    try {
      result = call === SCAN ? this.#scan() : call.run(this.#ledger);
    } catch (error) {
      if (error !== this.#halt) throw error;
      step = this.#step;
    }
    if (this.#replayed < answers.length)
      throw new Error(`${call.name} took other steps when it was run again`);
    const scan = step === 'scan' ? this.#start(SCAN) : null;
    const id = ++this.#nodes;
    return { id, step: step === 'scan' ? null : step, scan, result, answers, after: new Map(), call };
  }

  #ask(step: Step | 'scan'): Answer {
    if (this.#replayed < this.#answers.length) return this.#answers[this.#replayed++];
    this.#step = step;
    throw this.#halt;
  }
}
