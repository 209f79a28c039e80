/** Wrong variants of admission, each with the load under which it breaks a promise. */
import type { SCENARIOS } from './scenarios.ts';

interface Mutant {
  readonly name: string;
  /** In src/service/admission. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly at?: keyof typeof SCENARIOS;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'has no thread for short work',
    file: 'lanes.ts',
    from: "(lane === 'short' || this.#long < this.cores)",
    to: 'true',
  },
  {
    name: 'learns one speed for all kinds',
    file: 'speeds.ts',
    from: 'const { from, to, processed } = size.kind;',
    to: "const [from, to, processed] = ['', '', size.kind.from === ''];",
  },
  {
    name: 'counts requests and not their time',
    file: 'speeds.ts',
    from: 'const medianMs = (a + b * this.#seconds(size)) * Math.exp(middle);',
    to: 'const medianMs = Math.max(500, 0 * (a + b * this.#seconds(size)) * Math.exp(middle));',
  },
  {
    name: 'learns nothing',
    file: 'speeds.ts',
    from: 'if (!(tookMs > 0 && tookMs < LONGEST_MS)) return;',
    to: 'if (tookMs >= 0) return;',
  },
  {
    name: 'admits what cannot be done in time',
    file: 'admission.ts',
    from: 'if (safeEndMs > dueMs) return',
    to: 'if (safeEndMs < 0) return',
    at: 'ten times the load, with little time',
  },
  {
    name: 'plans all of the wait that there may be',
    file: 'room.ts',
    from: 'const CAUTION = 0.25;',
    to: 'const CAUTION = 1;',
  },
  {
    name: 'admits what makes others late',
    file: 'admission.ts',
    from: '(breaks && !held)',
    to: '(breaks && readyMs < 0)',
  },
  {
    name: 'lets large work take the thread that smaller work was promised',
    file: 'yields.ts',
    from: 'if (!lanes.isLast(lane)) return false;',
    to: 'if (nowMs >= 0) return false;',
    at: 'ten times the load of eight cores',
  },
  {
    name: 'forgets what runs',
    file: 'forecast.ts',
    from: 'this.#run.runs(entry.lane, this.#lanes.leftMs(entry, nowMs) * slowing);',
    to: 'this.#run.runs(entry.lane, 0);',
  },
  {
    name: 'gives tickets that hold nothing',
    file: 'admission.ts',
    from: 'this.#tickets.use(asked.ticket, client, nowMs);',
    to: 'this.#tickets.use(asked.ticket, client, nowMs) && nowMs < 0;',
  },
  {
    name: 'gives a ticket to whoever it refuses',
    file: 'tickets.ts',
    from: 'if (hurries && this.#spare[lane] < 1) return false;',
    to: '',
  },
  {
    name: 'knows no shares',
    file: 'room.ts',
    from: 'const aheadMs = this.#shares.aheadMs(client, nowMs);',
    to: 'const aheadMs = Math.min(0, this.#shares.aheadMs(client, nowMs));',
  },
  {
    name: 'knows no weights',
    file: 'shares.ts',
    from: 'client.tag += tagMs / client.weight;',
    to: 'client.tag += tagMs;',
  },
  {
    name: 'works for who left',
    file: 'admission.ts',
    from: "if (entry.state !== 'running') this.#drop(entry);",
    to: '',
  },
  {
    name: 'expects late bodies at once',
    file: 'forecast.ts',
    from: 'this.#line.wait(nowMs);',
    to: '',
    at: 'three times the load, with bodies that take longer than work',
  },
  {
    name: 'refuses at any load what does not fit at once',
    file: 'demand.ts',
    from: 'return Math.max(0, Math.min(1, (this.at(nowMs) - 1) / 0.3));',
    to: 'return Math.max(1, this.at(nowMs) * 0);',
    at: 'four fifths of the load',
  },
];
