/** Wrong variants of a host or its planner, each with the scenario in which it breaks a promise. */
import type { SCENARIOS } from './scenarios.ts';

interface Mutant {
  readonly name: string;
  /** In src/cluster. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly at: keyof typeof SCENARIOS;
  /** With which it shows; most show with any. */
  readonly seed?: number;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'has no fence',
    file: 'fence.ts',
    from: 'return this.#sentMs + this.#openMs;',
    to: 'return Number.POSITIVE_INFINITY;',
    at: 'hosts do not reach the broker for longer than their locks last',
  },
  {
    name: 'lets files begin that have waited for a thread until its lock had ended',
    file: 'page-file.ts',
    from: 'beginByMs: fence.closesMs,',
    to: 'beginByMs: Number.POSITIVE_INFINITY,',
    at: 'hosts are stopped for longer than their locks last',
  },
  {
    name: 'has pages that are too large for the end',
    file: 'planner.ts',
    from: 'this.#seconds >= this.#fullSeconds || ',
    to: '',
    at: 'nothing happens',
  },
  {
    name: 'keeps the pages of a host that leaves until their locks end',
    file: 'leave-page.ts',
    from: 'if (!page.isLost) await giveBack(parts, delivery);',
    to: '',
    at: 'hosts are told to leave',
  },
  {
    name: 'ends its pages before it leaves',
    file: 'host.ts',
    from: 'this.#drained.abort();\n    for (const page of this.#held) page.goesBack = true;',
    to: 'this.#drained.abort();',
    at: 'hosts are told to leave',
  },
  {
    name: 'begins a page anew that a dead host was at',
    file: 'start-page.ts',
    from: 'if (isOurs && (await maker.isThere(outcome.line))) known.push(outcome);',
    to: '',
    at: 'hosts are killed',
  },
  {
    name: 'keeps a page that was on its way when its host was told to leave',
    file: 'host.ts',
    from: 'page.goesBack = this.#draining;',
    to: '',
    at: 'hosts are told to leave',
    seed: 29,
  },
  {
    name: 'does not look for results when it begins a page',
    file: 'start-page.ts',
    from: 'if (await store.hasResult(ref)) {',
    to: 'if (token === batch) {',
    at: 'hosts are stopped for longer than their locks last',
    seed: 7,
  },
  {
    name: 'looks through all results whoever else does',
    file: 'known-batches.ts',
    from: 'if (!(await broker.mayLook(announced.id, token))) return;',
    to: '',
    at: 'nothing happens',
  },
  {
    name: 'looks through all results once its time to do so is over',
    file: 'known-batches.ts',
    from: 'using _renewals = repeat(clock, broker.lockMs / RENEWED, () => broker.mayLook(announced.id, token));',
    to: '',
    at: 'nothing happens',
  },
  {
    name: 'renews locks when they have ended',
    file: 'renewals.ts',
    from: 'const TIMES = 3;',
    to: 'const TIMES = 0.5;',
    at: 'nothing happens',
  },
  {
    name: 'goes on with a page that it has lost',
    file: 'renewals.ts',
    from: 'page.isLost = true;',
    to: 'fence.renewed(sentMs);',
    at: 'hosts are stopped for longer than their locks last',
  },
];
