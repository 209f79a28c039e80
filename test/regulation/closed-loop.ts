/**
 * Plays the real regulator, look by look, against a plant that answers or a recorded trace that does not. No
 * clock, no worker.
 */
import type { Bytes } from '../../src/bytes.ts';
import { type PoolOptions, resolvePoolOptions } from '../../src/pool/options.ts';
import { DEFAULT_BLOCK_POLICY } from '../../src/regulation/block-state.ts';
import type { Decision } from '../../src/regulation/decision.ts';
import type { PressureLevel } from '../../src/regulation/pressure.ts';
import { Regulator } from '../../src/regulation/regulator.ts';
import type { BlockSnapshot } from '../../src/regulation/snapshots.ts';

/** What there was to see at one look. */
export interface Look {
  readonly nowMs: number;
  readonly cpu: number | null;
  readonly heldBytes: Bytes;
}

/** Right-sizing took quota of a shard's tier, and left so much. */
export interface Lowered {
  readonly row: number;
  readonly tier: number;
  readonly left: number;
}

/** A runtime without threads. */
export interface Source {
  readonly parts: Pick<
    ConstructorParameters<typeof Regulator>[0],
    'ledger' | 'coordinator' | 'admission' | 'options' | 'threads' | 'load' | 'readMemory'
  >;
  /** Since the last look; the source adds to it, the loop takes it out. */
  readonly lowered: Lowered[];
  /** Of requests that did not hit, in the last second; null when there were none. */
  readonly p99Nanoseconds: number | null;
  /** By shard and tier. */
  readonly quotas: readonly (readonly number[])[];
  /** Goes on to the next look; null at the end. */
  next(): Look | null;
}

export interface Moment {
  readonly seconds: number;
  readonly look: Look;
  /** What the block was chosen under. */
  readonly level: PressureLevel;
  readonly emergency: boolean;
  readonly block: BlockSnapshot;
  /** The block size, that before the trial while one runs. */
  readonly settledBytes: Bytes;
  /** All that was decided at this look. */
  readonly decisions: readonly Decision[];
  /** Of these, that for the block. */
  readonly change: Decision | null;
  readonly emergencyChange: 'start' | 'end' | null;
  readonly lowered: readonly Lowered[];
}

/** Two turns of one size in a row, with the look that each begins with. */
const LONGEST_TURNS_MS = 2 * (DEFAULT_BLOCK_POLICY.mostTurnMs + 1000);

/** Options of a runtime, also of one whose budget is too small to be let start. */
export function optionsOf(budgetBytes: Bytes, blockBytes: Bytes): PoolOptions {
  return { ...resolvePoolOptions({ blockBytes }, 1), budgetBytes };
}

/** Plays a source to its end and shows each moment. */
export function* play(source: Source): Generator<Moment> {
  const { parts } = source;
  const decisions: Decision[] = [];
  let ended = false;
  const regulator = new Regulator(
    {
      ...parts,
      totals: { intervalP99: () => source.p99Nanoseconds, recovered: () => {} },
      readNanoseconds: 0,
      shadow: null,
      events: {
        decided: (decision) => void decisions.push(decision),
        judged: () => {},
        pressureChanged: () => {},
        emergencyEnded: () => {
          ended = true;
        },
      },
    },
    0,
  );
  parts.ledger.header.blockBytes = regulator.block.baselineBytes;
  const settled = new Settled();
  for (let look = source.next(); look !== null; look = source.next()) {
    regulator.look(look.nowMs);
    const { pressure, block } = regulator;
    const shown = decisions.splice(0);
    const change = shown.find(({ blockBytes }) => blockBytes !== undefined) ?? null;
    yield {
      seconds: look.nowMs / 1000,
      look,
      level: pressure.level,
      emergency: pressure.emergency,
      block,
      settledBytes: settled.after(look.nowMs, block.bytes, change),
      decisions: shown,
      change,
      emergencyChange: ended ? 'end' : shown.some(({ kind }) => kind === 'emergency') ? 'start' : null,
      lowered: source.lowered.splice(0),
    };
    ended = false;
  }
}

/**
 * Turns of a trial are no decisions, nor is that a tried size stays: it did when it was kept for longer than
 * two turns.
 */
class Settled {
  #trial: { readonly baseBytes: Bytes; turnedMs: number } | null = null;

  after(nowMs: number, bytes: Bytes, change: Decision | null): Bytes {
    if (change?.kind === 'grow') this.#trial = { baseBytes: change.inputs.blockBytes, turnedMs: nowMs };
    else if (change !== null) this.#trial = null;
    const trial = this.#trial;
    if (trial === null) return bytes;
    if (bytes === trial.baseBytes) trial.turnedMs = nowMs;
    if (nowMs - trial.turnedMs <= LONGEST_TURNS_MS) return trial.baseBytes;
    this.#trial = null;
    return bytes;
  }
}
