/**
 * Rounds of real threads under everything at once: hand-offs in both directions, loans, pins, starvation,
 * cancels and deaths, through the public runtime. What each task does and how it ends comes from one seed;
 * how the threads meet does not.
 *
 * Invariant: no lease ever holds what was not written to it; the peak is within the budget; every run
 * settles, with the outcome that its fate allows; and at the end of every round the ledger is at 0. Where no
 * thread dies, a witness beside the ledger counts what is alive: never more than the budget, and in the end
 * to the byte what the ledger says.
 */
import { createRuntime, KiB, MiB, type Runtime, type Safety } from '../../src/index.ts';
import { Dice, type Stamped, stamp, verify } from './contents.ts';
import { type Done, FATES, type Fate, type Order } from './job.ts';
import { afterTurns, collectGarbage, orHang } from './waiting.ts';
import { countInto, liveBytes, mostBytes, witnessWords } from './witness.ts';

interface StressOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly threads: number;
}

interface StressReport {
  rounds: number;
  /** Rounds in which no thread died, to the byte as the ledger has it. */
  witnessed: number;
  tasks: number;
  operations: number;
  refused: number;
  pins: number;
  handedOn: number;
  lent: number;
  cancelled: number;
  deaths: number;
  outcomes: Record<string, number>;
}

/** In thousandths; what is left returns. */
const FATE_SHARES: readonly (readonly [Fate, number])[] = [
  ['forgets', 40],
  ['throws', 30],
  ['leaves a pin', 15],
  ['exits', 15],
  ['throws outside', 12],
  ['fills the heap', 6],
];
const ALLOWED: Record<Fate, readonly string[]> = {
  returns: ['fulfilled'],
  forgets: ['fulfilled'],
  throws: ['the job had enough'],
  exits: ['ERR_WORKER_LOST'],
  'throws outside': ['ERR_WORKER_LOST'],
  'fills the heap': ['ERR_WORKER_LOST'],
  // Without a lease at its end it has none to leave.
  'leaves a pin': ['ERR_TASK_LEFT_PIN', 'fulfilled'],
};
/** Their memory goes with their thread. */
const DEADLY: ReadonlySet<Fate> = new Set(['exits', 'throws outside', 'fills the heap']);
const TASKS_IN_A_ROUND = 300;
/** Leases on the main thread, handed on by tasks, before it lends and releases more of them at a time. */
const STOCK_MOST = 6;

export async function stress({ seconds, seed, threads }: StressOptions): Promise<StressReport> {
  const report: StressReport = {
    rounds: 0,
    witnessed: 0,
    tasks: 0,
    operations: 0,
    refused: 0,
    pins: 0,
    handedOn: 0,
    lent: 0,
    cancelled: 0,
    deaths: 0,
    outcomes: {},
  };
  const end = performance.now() + seconds * 1000;
  const dice = new Dice(seed);
  try {
    do {
      await new Round(new Dice(dice.word()), threads, report, end).run();
      report.rounds++;
    } while (performance.now() < end);
  } catch (error) {
    const again = `npm run stress -- --seconds ${seconds} --seed ${seed} --threads ${threads}`;
    throw new Error(`round ${report.rounds + 1} of seed ${seed}; again: ${again}`, { cause: error });
  }
  return report;
}

class Round {
  readonly #dice: Dice;
  readonly #threads: number;
  readonly #report: StressReport;
  readonly #end: number;
  readonly #budgetBytes: number;
  readonly #safety: Safety;
  readonly #besideBytes: number;
  readonly #scrub: boolean;
  readonly #peaceful: boolean;
  readonly #witness = witnessWords();
  /** Leases of the main thread: its own, and those that came with results. */
  readonly #stock: Stamped[] = [];

  constructor(dice: Dice, threads: number, report: StressReport, end: number) {
    this.#dice = dice;
    this.#threads = threads;
    this.#report = report;
    this.#end = end;
    this.#budgetBytes = dice.pick([4, 8, 16, 48]) * MiB * Math.max(1, threads / 2);
    this.#safety = dice.pick(['off', 'sampled', 'full']);
    // Of ended leases that somebody may still read.
    this.#besideBytes = this.#safety === 'full' ? 8 * MiB * (threads + 1) : 0;
    this.#scrub = dice.thousandth(500);
    // Every second round, from the first on.
    this.#peaceful = report.rounds % 2 === 0;
  }

  async run(): Promise<void> {
    countInto(this.#witness);
    const runtime = await createRuntime({
      job: new URL('./job.ts', import.meta.url),
      threads: this.#threads,
      budgetBytes: this.#budgetBytes,
      safety: this.#safety,
      scrub: this.#scrub,
      sampleEvery: this.#dice.pick([1, 64]),
      blockBytes: 64 * KiB,
      // For what resizes; the rest says itself how long it waits.
      acquireTimeoutMs: 1,
      resourceLimits: { maxOldGenerationSizeMb: 48 },
      log: { write: () => {}, close: () => {} },
    });
    try {
      await this.#work(runtime);
    } finally {
      for (const one of this.#stock.splice(0)) {
        verify(one, 'at the end');
        one.lease.release();
      }
      await this.#close(runtime);
      if (this.#safety === 'full') await collectGarbage();
    }
  }

  async #work(runtime: Runtime): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: unknown;
    for (let task = 0; task < TASKS_IN_A_ROUND && performance.now() < this.#end; task++) {
      this.#restock(runtime);
      const settled: Promise<void> = this.#task(runtime)
        .catch((error) => {
          failure ??= error;
        })
        .finally(() => running.delete(settled));
      running.add(settled);
      if (running.size >= 2 * this.#threads) await orHang(Promise.race(running));
      if (failure !== undefined) break;
    }
    while (running.size > 0) await orHang(Promise.race(running));
    if (failure !== undefined) throw failure;
    // Cancelled jobs may still be on their way to their ends; then every shard is charged for what it keeps.
    while (runtime.snapshot().tasks.running > 0)
      await orHang(new Promise((resolve) => setImmediate(resolve)));
    for (const { shard, chargedBytes, idleBytes } of runtime.snapshot().shards) {
      if (chargedBytes < idleBytes)
        throw new Error(`shard ${shard} keeps ${idleBytes} bytes, charged ${chargedBytes}`);
    }
    await this.#compare(runtime);
  }

  /** Nothing dies with a thread here, so what is alive is what the ledger has charged, or soon will be. */
  async #compare(runtime: Runtime): Promise<void> {
    if (!this.#peaceful) return;
    const most = mostBytes(this.#witness);
    const limit = this.#budgetBytes + this.#besideBytes;
    if (most > limit) throw new Error(`${most} bytes were alive, over ${limit}`);
    const usedBytes = () => runtime.snapshot().budget.usedBytes;
    const beside = () => liveBytes(this.#witness) - usedBytes();
    const agree = async () => {
      while (beside() < 0 || beside() > this.#besideBytes)
        await new Promise((resolve) => setImmediate(resolve));
    };
    await orHang(agree(), () => `${liveBytes(this.#witness)} bytes are alive, ${usedBytes()} are charged`);
    this.#report.witnessed++;
  }

  /** The main thread acquires and releases too. */
  #restock(runtime: Runtime): void {
    if (this.#stock.length >= STOCK_MOST || this.#dice.thousandth(300)) {
      do {
        const one = this.#takeStock();
        if (one === undefined) return;
        verify(one, 'on the main thread');
        one.lease.release();
      } while (this.#stock.length > 2 * STOCK_MOST);
      return;
    }
    const length = this.#dice.length(this.#mostBytes);
    try {
      this.#stock.push(stamp(runtime.pool.acquire(length), this.#dice.word() | 0, false));
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_BUDGET_EXHAUSTED') throw error;
      this.#report.refused++;
    }
  }

  async #task(runtime: Runtime): Promise<void> {
    const dice = this.#dice;
    const fate = this.#fate();
    const given: Stamped[] = [];
    const most = this.#stock.length > STOCK_MOST ? 16 : 4;
    while (given.length < dice.below(most) && this.#stock.length > 0)
      given.push(this.#takeStock() as Stamped);
    const operations = 20 + dice.below(200);
    const order: Order = {
      seed: dice.word(),
      operations,
      fate,
      mostBytes: this.#mostBytes,
      scrub: this.#scrub,
      witness: this.#witness,
      given,
    };
    const cancels = dice.thousandth(60);
    const turns = dice.below(300);
    const controller = new AbortController();
    const running = runtime.run<Done>(order, cancels ? { signal: controller.signal } : {});
    if (cancels) afterTurns(turns, () => controller.abort());
    this.#report.lent += given.length;
    const [outcome, done] = await running.then(
      (value) => ['fulfilled', value] as const,
      (error) => [nameOf(error), null] as const,
    );

    const allowed = cancels ? [...ALLOWED[fate], 'AbortError'] : ALLOWED[fate];
    if (!allowed.includes(outcome)) throw new Error(`a task that ${fate} ended with: ${outcome}`);
    const { budget } = runtime.snapshot();
    if (budget.peakBytes > this.#budgetBytes)
      throw new Error(`the peak of ${budget.peakBytes} is over the budget`);
    this.#count(outcome, operations, done);
    for (const one of done?.handed ?? []) {
      verify(one, 'in what a task handed on');
      this.#stock.push(one);
    }
  }

  async #close(runtime: Runtime): Promise<void> {
    const { endBytes, leaks } = await orHang(runtime.close());
    const { budget, loans, tasks, pool } = runtime.snapshot();
    this.#report.deaths += tasks.lost;
    const wrong = [
      endBytes !== 0 && `${endBytes} bytes are left in the ledger`,
      leaks !== 0 && `${leaks} leases of the main thread were lost`,
      budget.peakBytes > this.#budgetBytes && `the peak of ${budget.peakBytes} is over the budget`,
      loans.count !== 0 && `${loans.count} loans never came home`,
      tasks.running + tasks.queued !== 0 && 'tasks never ended',
      Object.values(pool.byTier).some(({ idle }) => idle !== 0) && 'something is idle after close',
    ].filter((what) => what !== false);
    if (wrong.length > 0) throw new Error(`after close: ${wrong.join('; ')}`);
  }

  #count(outcome: string, operations: number, done: Done | null): void {
    const report = this.#report;
    report.tasks++;
    report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
    if (outcome === 'AbortError') report.cancelled++;
    else report.operations += done?.operations ?? operations;
    report.refused += done?.refused ?? 0;
    report.pins += done?.pins ?? 0;
    report.handedOn += done?.handed.length ?? 0;
  }

  #takeStock(): Stamped | undefined {
    return this.#stock.length === 0
      ? undefined
      : this.#stock.splice(this.#dice.below(this.#stock.length), 1)[0];
  }

  #fate(): Fate {
    let at = this.#dice.below(1000);
    for (const [fate, share] of FATE_SHARES) {
      if (this.#peaceful && DEADLY.has(fate)) continue;
      if (at < share) return fate;
      at -= share;
    }
    return FATES[0];
  }

  get #mostBytes(): number {
    return Math.min(2 * MiB, this.#budgetBytes / 2);
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return error.name;
  return (error as { code?: string }).code ?? error.message;
}
