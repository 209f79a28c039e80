/** Real shards over one real ledger on one thread, with a clock that stands still until a test moves it. */
import { Ledger } from '../src/budget/ledger.ts';
import { KiB } from '../src/bytes.ts';
import { CAUSES, type CauseName } from '../src/pool/causes.ts';
import { type PoolOptions, resolvePoolOptions } from '../src/pool/options.ts';
import { Shard } from '../src/pool/shard.ts';
import { Store } from '../src/pool/store.ts';
import type { LeaseRecorder } from '../src/pool/supply.ts';
import { DEFAULT_TIERS } from '../src/pool/tiers.ts';
import { RowCounts, ThreadSupply } from '../src/thread/supply.ts';

export interface Stand {
  readonly ledger: Ledger;
  readonly shards: readonly TestShard[];
  /** Nanoseconds. */
  clock: number;
  /** KiB charged over all rows. */
  used(): number;
}

export class TestShard extends Shard {
  readonly row: number;
  readonly ledger: Ledger;
  readonly recorded: {
    cause: CauseName;
    tier: number;
    nanoseconds: number;
    weight: number;
    bytes: number;
    capacity: number;
  }[];
  readonly lifetimes: { tier: number; nanoseconds: number; weight: number }[];
  readonly supply: TestSupply;

  constructor(stand: Stand, options: PoolOptions, quotas: readonly number[], row: number) {
    const recorded: TestShard['recorded'] = [];
    const lifetimes: TestShard['lifetimes'] = [];
    const recorder: LeaseRecorder = {
      record: (cause, tier, nanoseconds, weight, bytes, capacity) =>
        recorded.push({ cause: CAUSES[cause], tier, nanoseconds, weight, bytes, capacity }),
      lifetime: (tier, nanoseconds, weight) => lifetimes.push({ tier, nanoseconds, weight }),
    };
    const supply = new TestSupply(stand, row);
    const words = stand.ledger.row(row).shardWords();
    super({ options, quotas, words, supply, counts: new RowCounts(stand.ledger, row), recorder });
    this.row = row;
    this.ledger = stand.ledger;
    this.recorded = recorded;
    this.lifetimes = lifetimes;
    this.supply = supply;
  }

  /** KiB charged to this shard. */
  get charged(): number {
    return this.ledger.chargedKib(this.row);
  }

  get idleCounts(): number[] {
    return this.idle.lists.map((list) => list.length);
  }

  /** Requests that got memory. */
  get acquired(): number {
    return this.ledger.row(this.row).counters.acquires;
  }

  get refused(): number {
    return this.ledger.row(this.row).counters.refused;
  }

  /** Leases that have not ended. */
  get lent(): number {
    return this.acquired - this.ledger.row(this.row).counters.allReleases;
  }

  /** The causes recorded since the last call. */
  causes(): CauseName[] {
    return this.recorded.splice(0).map(({ cause }) => cause);
  }
}

/** The production supply, with time, mail and the allocator in the test's hand. */
class TestSupply extends ThreadSupply {
  readonly returned: Store[] = [];
  /** What the next safepoints find, one each. */
  readonly mail: (() => void)[] = [];
  /** What happens during each wait, in turn; without any, time passes by the wait's length. */
  readonly during: (() => void)[] = [];
  /** What happens to a store that goes back to where a result brought it from. */
  sent: (store: Store) => boolean = () => false;
  /** Its task was cancelled. */
  cancelledTask = false;
  allocations = 0;
  failAfter = Number.POSITIVE_INFINITY;
  blocks = true;
  readonly #stand: Stand;
  readonly #row: number;

  constructor(stand: Stand, row: number) {
    const hands: { supply?: TestSupply } = {};
    super(stand.ledger, row, {
      canBlock: true,
      safepoint: () => hands.supply?.open(),
      returnLoan: (store) => void hands.supply?.returned.push(store),
      goesBack: (store) => hands.supply?.sent(store) ?? false,
      currentTask: () => 1,
      currentCancelled: () => hands.supply?.cancelledTask ?? false,
      othersHold: () => false,
    });
    hands.supply = this;
    this.#stand = stand;
    this.#row = row;
  }

  post(message: () => void): void {
    this.mail.push(message);
    this.#stand.ledger.row(this.#row).raiseMail();
  }

  open(): void {
    this.#stand.ledger.row(this.#row).clearMail();
    for (const message of this.mail.splice(0)) message();
  }

  override allocate(capacity: number): ArrayBuffer {
    if (this.allocations >= this.failAfter) throw new RangeError('Array buffer allocation failed');
    this.allocations++;
    return super.allocate(capacity);
  }

  override wait(_seen: number, milliseconds: number): void {
    const event = this.during.shift();
    if (event !== undefined) event();
    else this.#stand.clock += milliseconds * 1e6;
  }

  override now(): number {
    return this.#stand.clock;
  }

  cancel(row: number): void {
    this.cancelledTask = true;
    this.#stand.ledger.row(row).countCancel();
  }
}

/** `quotas` are for each shard. Full safety unless said otherwise. */
export function makeStand(
  options: Partial<PoolOptions> = {},
  { shards = 1, quotas = [10, 10, 10] }: { shards?: number; quotas?: readonly number[] } = {},
): Stand {
  const resolved = resolvePoolOptions({ safety: 'full', ...options }, 1);
  const ledger = Ledger.create(shards, resolved.budgetBytes);
  const all: TestShard[] = [];
  const stand: Stand = {
    ledger,
    shards: all,
    clock: 0,
    used: () => ledger.sumKib() ?? Number.NaN,
  };
  for (let row = 0; row < shards; row++) {
    ledger.claim(row);
    all.push(new TestShard(stand, resolved, quotas, row));
  }
  return stand;
}

/** One shard that fills most tests' needs. */
export function makeShard(...args: Parameters<typeof makeStand>): { shard: TestShard; stand: Stand } {
  const stand = makeStand(...args);
  return { shard: stand.shards[0], stand };
}

/** A shard whose idle memory holds what other jobs left there, one buffer of each tier. */
export function dirtyShard(options: Partial<PoolOptions> = {}): TestShard {
  const { shard } = makeShard(options);
  for (const [tier, { capacity }] of DEFAULT_TIERS.entries()) {
    if (!shard.supply.reserve(capacity / KiB)) continue;
    shard.idle.put(new Store(new Uint8Array(capacity).fill(0x3f).buffer, tier));
  }
  return shard;
}

export const SMALL = 4 * KiB;
export const MEDIUM = 64 * KiB;
export const LARGE = 1024 * KiB;
