/**
 * node telemetry-process.ts '{"telemetry":"off","turns":600000,"warm":6,"rounds":7}'
 *
 * Times acquire, write, read and release on a shard as a worker has it, and prints what one takes as JSON.
 * With telemetry off it is the same code without any counter or recorder call: they are taken out of the
 * sources as they are loaded.
 */
import { strict as assert } from 'node:assert';
import { registerHooks } from 'node:module';
import type { Interval } from '../../src/messages/interval.ts';

export interface TelemetryOptions {
  /** `default`: counters, and one hit in 64 recorded; `all`: every hit recorded. */
  readonly telemetry: 'off' | 'default' | 'all';
  readonly turns: number;
  /** Rounds before the clock counts. */
  readonly warm: number;
  readonly rounds: number;
}

const BYTES = 64 * 1024;

const options: TelemetryOptions = JSON.parse(process.argv[2]);
const off = options.telemetry === 'off';
if (off) takeOut();

// After the hook: these are what it changes.
const { Ledger } = await import('../../src/budget/ledger.ts');
const { RowCounts, ThreadSupply } = await import('../../src/thread/supply.ts');
const { resolvePoolOptions } = await import('../../src/pool/options.ts');
const { Shard } = await import('../../src/pool/shard.ts');
const { TIER_NAMES } = await import('../../src/pool/tiers.ts');
const { Recorder } = await import('../../src/telemetry/recorder.ts');
const { Totals } = await import('../../src/telemetry/totals.ts');

const poolOptions = resolvePoolOptions({ sampleEvery: options.telemetry === 'all' ? 1 : 64 }, 1);
const ledger = Ledger.create(1, poolOptions.budgetBytes);
const row = ledger.claim(0);
const recorder = new Recorder();
const shard = new Shard({
  options: poolOptions,
  quotas: [8, 8, 8],
  words: ledger.row(row).shardWords(),
  supply: new ThreadSupply(ledger, row, {
    canBlock: true,
    safepoint: () => {},
    returnLoan: () => {},
    goesBack: () => false,
    currentTask: () => 0,
    currentCancelled: () => false,
    othersHold: () => false,
  }),
  counts: new RowCounts(ledger, row),
  recorder,
});

const published: (Interval | null)[] = [];
for (let round = 0; round < options.warm; round++) play();
// CPU time of this thread: what else runs on the machine is not in it. The system may count it in steps of
// milliseconds, so it is taken over all rounds at once.
const before = process.threadCpuUsage();
for (let round = 0; round < options.rounds; round++) play();
const { user, system } = process.threadCpuUsage(before);
const nanoseconds = ((user + system) * 1000) / (options.turns * options.rounds);

const totals = new Totals();
for (const interval of published) if (interval !== null) totals.merge(interval, row);
const acquires = options.turns * (options.warm + options.rounds);
const { counters } = ledger.row(row);
const counted = counters.acquires + counters.allReleases;
const { count: recorded } = totals.sinceStart.sizes();
if (off) {
  const tiers = [...TIER_NAMES.keys()];
  const made = tiers.map((tier) => counters.allocations(tier) + counters.allocatedKib(tier));
  const counts = [counted, counters.refused, counters.allHeldKib, ...made, recorded];
  assert.deepEqual(
    counts,
    counts.map(() => 0),
    'a counter or a recorder call is still there',
  );
} else {
  assert.ok(counted >= 2 * acquires, `${counted} requests and releases were counted`);
  // The last samples stand for turns to come.
  assert.ok(Math.abs(recorded - acquires) <= poolOptions.sampleEvery, `${recorded} requests were recorded`);
  assert.ok(
    Math.abs(totals.sinceStart.lifetimes().count - acquires) <= 64,
    `${totals.sinceStart.lifetimes().count} leases were timed`,
  );
}
console.log(JSON.stringify({ nanoseconds }));

/** One round, and what it recorded is published as a worker does about once a second. */
function play(): void {
  const sum = churn(options.turns);
  assert.equal(sum, (options.turns * (options.turns - 1)) / 2);
  published.push(recorder.publish());
}

function churn(turns: number): number {
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) {
    const lease = shard.acquire(BYTES);
    const samples = lease.float32;
    samples[turn & 1023] = turn;
    sum += samples[turn & 1023];
    lease.release();
  }
  return sum;
}

function takeOut(): void {
  const pool = new URL('../../src/pool/', import.meta.url).href;
  registerHooks({
    load(url, context, next) {
      const module = next(url, context);
      if (!url.startsWith(pool)) return module;
      const source = String(module.source)
        .replace(/this\.#(?:counts\.\w+|recorder\.\w+|observe|stopClock)\([^;]*\);/g, ';')
        .replace(/this\.#(?:hits|releases)\[[^\]]*\]\+\+;/g, ';');
      return { ...module, source: url.endsWith('/shard.ts') ? unsampled(source) : source };
    },
  });
}

/** The slow path is then taken for guards only. */
function unsampled(source: string): string {
  const sampling = [
    ['Math.min(options.sampleEvery, guardEvery)', 'guardEvery'],
    ['if (this.#untilRecord > 0) return 0;', 'return 0;'],
  ] as const;
  return sampling.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `'${from}' is no longer in shard.ts`);
    return text.replace(from, to);
  }, source);
}
