/** Recorded traces of real runs: played as they were, whatever is decided. */
import { MAIN_ROW } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { KiB } from '../../src/bytes.ts';
import { CAUSES, type CauseName } from '../../src/pool/causes.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { RegulatedLoad, RegulatedMemory } from '../../src/regulation/ports.ts';
import type { Demand } from '../../src/regulation/right-size.ts';
import { type Look, type Lowered, optionsOf, type Source } from './closed-loop.ts';

/** The first line of a recorded trace. */
interface Header {
  readonly budgetBytes: number;
  readonly threads: number;
  readonly baselineBytes: number;
  /** Changes of the load from scarce to plenty and back. */
  readonly edges?: number;
}

interface Line {
  readonly nowMs: number;
  readonly cpu: number | null;
  readonly heldBytes: number;
  readonly processedBytes: number;
  readonly cpuSeconds: number;
  readonly idleBytes?: number;
  readonly processShare?: number | null;
  readonly uses?: Parameters<Demand['observe']>[1];
  readonly busySeconds?: number;
  readonly acquireSeconds?: number;
  readonly waitSeconds?: number;
  readonly p99Nanoseconds?: number | null;
}

const BEFORE: Line = { nowMs: 0, cpu: null, heldBytes: 0, processedBytes: 0, cpuSeconds: 0 };

/**
 * What was recorded, whatever is decided: it counts as all on the main thread, as what it does not tell apart
 * may be.
 */
class RecordedTrace implements Source {
  readonly parts: Source['parts'];
  readonly lowered: Lowered[] = [];
  readonly #lines: readonly Line[];
  #next = 0;
  #now = BEFORE;

  constructor(header: Header, lines: readonly Line[]) {
    const { budgetBytes, baselineBytes, threads } = header;
    this.#lines = lines;
    const options = optionsOf(budgetBytes, baselineBytes);
    this.parts = {
      ledger: {
        header: Ledger.create(1, budgetBytes).header,
        limitKib: budgetBytes / KiB,
        sumKib: () => this.#now.heldBytes / KiB,
        chargedKib: () => 0,
      },
      coordinator: this.#memory(options),
      admission: { hold: () => {} },
      options,
      threads,
      load: this.#load(),
      readMemory: () => ({ rssBytes: 0, limitBytes: null, share: this.#now.processShare ?? null }),
    };
  }

  get p99Nanoseconds(): number | null {
    return this.#now.p99Nanoseconds ?? null;
  }

  #seconds(cause: CauseName): number {
    const { acquireSeconds = 0, waitSeconds = 0 } = this.#now;
    return cause === 'fresh' ? acquireSeconds : cause === 'waited' ? waitSeconds : 0;
  }

  get quotas(): Source['quotas'] {
    return (this.#now.uses ?? []).map(({ quota }) => quota);
  }

  next(): Look | null {
    const line = this.#lines[this.#next++];
    if (line === undefined) return null;
    this.#now = line;
    const { nowMs, cpu, heldBytes } = line;
    return { nowMs, cpu, heldBytes };
  }

  #memory({ tiers }: PoolOptions): RegulatedMemory {
    const smallKib = tiers[0].capacity / KiB;
    return {
      scarce: false,
      critical: false,
      drain: () => (this.#now.idleBytes ?? 0) / KiB,
      loans: { bytes: 0 },
      rows: {
        live: () => [MAIN_ROW],
        // Only the sum is known.
        idle: (_row, tier) => (tier === 0 ? (this.#now.idleBytes ?? 0) / KiB / smallKib : 0),
        idleKib: () => 0,
        tierKib: (tier) => tiers[tier].capacity / KiB,
        processedBytes: () => this.#now.processedBytes,
        longestBlockBytes: () => null,
        requests: () =>
          CAUSES.map((cause) => ({
            count: 0,
            nanoseconds: this.#seconds(cause) * 1e9,
          })),
        allocatedKib: () => 0,
      },
      cleanup: {
        takeUse: () => (this.#now.uses ?? []).map((use) => ({ ...use, unused: [0, 0, 0] })),
        clear: () => 0,
        keptKib: () => 0,
        lowerQuota: (row, tier, count) => {
          const quota = this.#now.uses?.find((use) => use.row === row)?.quota[tier] ?? 0;
          this.lowered.push({ row, tier, left: quota - count });
          return true;
        },
        refill: () => {},
      },
    };
  }

  #load(): RegulatedLoad {
    const now = (): Line => this.#now;
    return {
      get share() {
        return now().cpu;
      },
      get cpuSeconds() {
        return now().cpuSeconds;
      },
      get busySeconds() {
        return now().busySeconds ?? 0;
      },
      sample: () => {},
      forget: () => {},
      restart: () => {},
      snapshot: () => {
        const none = { raw: null, smoothed: null };
        return { cores: 1, process: none, wanted: none, system: none, byShard: [] };
      },
    };
  }
}

/** Of the text of a file. */
export function openRecorded(text: string): { open: () => Source; edges: number | undefined } {
  const [header, ...lines] = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
  return { open: () => new RecordedTrace(header, lines), edges: header.edges };
}
