/**
 * The block size in force, and what another policy would have decided on the same figures. Owned by the
 * regulator, on the main thread. Invariant: the shared word holds what the policy's state says, which nobody
 * else writes.
 */
import { MillpondError } from '../errors.ts';
import type { PoolOptions } from '../pool/options.ts';
import { type BlockChange, nextBlock } from './block-policy.ts';
import { blockSizes } from './block-sizes.ts';
import {
  type BlockInput,
  type BlockPolicy,
  type BlockState,
  DEFAULT_BLOCK_POLICY,
  startBlock,
} from './block-state.ts';
import { DECISION_KINDS, type DecisionInputs, type DecisionKind } from './decision.ts';
import type { RegulatedLedger } from './ports.ts';
import { acquireShare, waitShare } from './request-cost.ts';
import type { BlockSnapshot, DecisionsSnapshot } from './snapshots.ts';

interface Shadow {
  readonly policy: BlockPolicy;
  state: BlockState;
  readonly counts: Record<DecisionKind, number>;
}

interface BlockParts {
  readonly ledger: RegulatedLedger;
  readonly options: PoolOptions;
  readonly threads: number;
  /** Parameters of a second policy that decides on the same figures without acting. */
  readonly shadow: Partial<BlockPolicy> | null;
}

export class BlockControl {
  readonly #ledger: RegulatedLedger;
  readonly #options: PoolOptions;
  readonly #policy: BlockPolicy;
  readonly #shadow: Shadow | null;
  #state: BlockState;

  constructor({ ledger, options, threads, shadow }: BlockParts, nowMs: number) {
    this.#ledger = ledger;
    this.#options = options;
    const sizes = blockSizes({
      baselineBytes: options.blockBytes,
      leastBytes: options.leastBlockBytes,
      mostBytes: options.mostBlockBytes,
      threads,
      budgetBytes: options.budgetBytes,
      tiers: options.tiers,
    });
    this.#policy = { ...DEFAULT_BLOCK_POLICY, ...sizes };
    this.#state = startBlock(this.#policy, nowMs);
    if (options.sizing === 'adaptive') ledger.header.blockBytes = this.#state.bytes;
    this.#shadow = shadow === null ? null : startShadow({ ...this.#policy, ...shadow }, nowMs);
  }

  get bytes(): number {
    return this.#ledger.header.blockBytes;
  }

  /**
   * One look. Jobs see a change from their next block on; `record` is called before that, if the change is a
   * decision of its own.
   */
  look(input: BlockInput, record: (change: BlockChange) => void): void {
    if (this.#options.sizing === 'adaptive') this.#decide(input, record);
    const shadow = this.#shadow;
    if (shadow === null) return;
    const other = nextBlock(shadow.state, input, shadow.policy);
    shadow.state = other.state;
    if (other.change?.turn === false) shadow.counts[other.change.kind]++;
  }

  #decide(input: BlockInput, record: (change: BlockChange) => void): void {
    const { state, change } = nextBlock(this.#state, input, this.#policy);
    this.#state = state;
    if (change === null) return;
    if (!change.turn) record(change);
    this.#ledger.header.blockBytes = change.bytes;
  }

  /** With nothing to do it goes back to its baseline, by and by. */
  get away(): boolean {
    return this.#state.bytes !== this.#policy.baselineBytes;
  }

  /** Of the busy time of worker threads lately; null while that is not known. */
  get requests(): Pick<DecisionInputs, 'acquireShare' | 'waitShare'> {
    const { seen } = this.#state;
    return { acquireShare: acquireShare(seen), waitShare: waitShare(seen) };
  }

  get snapshot(): BlockSnapshot {
    const { baselineBytes, leastBytes, mostBytes } = this.#policy;
    return {
      bytes: this.bytes,
      baselineBytes,
      leastBytes,
      mostBytes,
      ceilingBytes: this.#state.ceilingBytes,
      mostMilliseconds: this.#options.mostBlockMs,
    };
  }

  get shadow(): DecisionsSnapshot['shadow'] {
    const shadow = this.#shadow;
    return shadow && { blockBytes: shadow.state.bytes, counts: { ...shadow.counts } };
  }
}

/**
 * Checks parameters of a shadow.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` for a name that the policy does not have, or a value that is
 * not a number of 0 or more
 */
export function checkShadow(shadow: Partial<BlockPolicy> | undefined): Partial<BlockPolicy> | null {
  if (shadow === undefined) return null;
  const known = ['baselineBytes', 'leastBytes', 'mostBytes', ...Object.keys(DEFAULT_BLOCK_POLICY)];
  const wrong = Object.entries(Object(shadow)).find(
    ([name, value]) => !known.includes(name) || !Number.isFinite(value) || (value as number) < 0,
  );
  if (typeof shadow === 'object' && shadow !== null && wrong === undefined) return shadow;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `shadow takes numbers, 0 or more, for some of ${known.join(', ')}; got ${wrong === undefined ? String(shadow) : `${wrong[0]}: ${String(wrong[1])}`}. Leave out what should stay as it is.`,
  );
}

function startShadow(policy: BlockPolicy, nowMs: number): Shadow {
  const counts = Object.fromEntries(DECISION_KINDS.map((kind) => [kind, 0])) as Shadow['counts'];
  return { policy, state: startBlock(policy, nowMs), counts };
}
