/**
 * Owns what was decided and how it turned out. Runs on the main thread. Invariant: each decision is judged at
 * most once, some seconds after it was made, by what was seen since; one too close to the end of the runtime
 * stays without a score.
 *
 * Memory decisions (`shrink`, `trim`, `emergency`) promised memory, of certain tiers: regret is the share of
 * what they recovered that was allocated again in these within the time, since it was needed after all. Tasks
 * come and go meanwhile: what the ledger fell by counts only up to what was promised. Where nothing was
 * recovered there is nothing to regret and no merit.
 *
 * Speed decisions (`grow`, `return`, `rebalance`) promised work to go on as well or better: regret is the
 * share of throughput that was lost, or of speed of the slow allocations if more. A 99th percentile of one
 * short interval is noisy: it counts only when it more than doubled, and as a gain when it halved.
 */
import type { Bytes } from '../bytes.ts';
import {
  DECISION_KINDS,
  type Decision,
  type DecisionInputs,
  type DecisionKind,
  type Score,
  VERDICTS,
  type Verdict,
} from './decision.ts';
import type { DecisionsSnapshot } from './snapshots.ts';

/** What is seen at each look. */
export interface Figures {
  /** The ledger's sum. */
  readonly usedBytes: Bytes;
  /** By tier, bytes allocated from the system since the start; they only rise. */
  readonly allocatedByTier: readonly Bytes[];
  /**
   * Of slow allocations in the last interval, and bytes of work for each second of CPU; null where there were
   * none.
   */
  readonly p99Nanoseconds: number | null;
  readonly bytesPerCpuSecond: number | null;
}

interface JudgeOptions {
  /** When the runtime started; decisions say their seconds since then. Default 0. */
  readonly startMs?: number;
  /** From a decision to its judgement, in milliseconds. Default 5000. */
  readonly afterMs?: number;
  /** What `finish` judges must be so old at least. Default 500. */
  readonly leastMs?: number;
}

/** Decisions kept to be looked at; the counts are of all. */
const RECENT_DECISIONS = 64;

const MEMORY_KINDS: ReadonlySet<DecisionKind> = new Set(['shrink', 'trim', 'emergency']);
/**
 * Over this share of what was recovered, a memory decision is regretted; over this loss of speed, the others
 * are.
 */
const REGRET_OF_MEMORY = 0.5;
const REGRET_OF_SPEED = 0.05;
/** Throughput that rose by this is a gain. */
const GAIN = 1.02;
const P99_NOISE = 2;

interface Open {
  readonly decision: Decision;
  readonly madeMs: number;
  /**
   * By tier, what it was to free: no more is its merit, and only what is allocated again in these tiers its
   * fault.
   */
  readonly byTier: readonly Bytes[];
  lowestBytes: Bytes;
  /** By tier, what was allocated until the sum was lowest: what came after it is demand that returned. */
  allocatedAtLowest: readonly Bytes[];
  lastAllocated: readonly Bytes[];
  readonly p99s: number[];
  readonly throughputs: number[];
}

export class Judge {
  readonly #startMs: number;
  readonly #afterMs: number;
  readonly #leastMs: number;
  readonly #recent: Decision[] = [];
  readonly #counts = zeros(DECISION_KINDS);
  readonly #verdicts = zeros(VERDICTS);
  #open: Open[] = [];
  #allocatedByTier: readonly Bytes[] = [];
  #number = 0;
  #regretSum = 0;
  #judged = 0;

  constructor({ startMs = 0, afterMs = 5000, leastMs = 500 }: JudgeOptions = {}) {
    this.#startMs = startMs;
    this.#afterMs = afterMs;
    this.#leastMs = leastMs;
  }

  /** Records a decision. `observe` should have been called in the same look, before. */
  decide(
    kind: DecisionKind,
    nowMs: number,
    reason: string,
    inputs: DecisionInputs,
    extra: { readonly blockBytes?: Bytes; readonly bytes?: Bytes } = {},
    byTier: readonly Bytes[] = [],
  ): Decision {
    this.#number++;
    this.#counts[kind]++;
    const atSeconds = (nowMs - this.#startMs) / 1000;
    const decision: Decision = {
      number: this.#number,
      atSeconds,
      kind,
      reason,
      inputs,
      ...extra,
      score: null,
    };
    this.#recent.push(decision);
    if (this.#recent.length > RECENT_DECISIONS) this.#recent.shift();
    this.#open.push({
      decision,
      madeMs: nowMs,
      byTier,
      lowestBytes: inputs.usedBytes,
      allocatedAtLowest: this.#allocatedByTier,
      lastAllocated: this.#allocatedByTier,
      p99s: [],
      throughputs: [],
    });
    return decision;
  }

  /** Takes one look and returns the decisions whose time has come, judged. */
  observe(nowMs: number, figures: Figures): Decision[] {
    return this.#look(nowMs, figures, this.#afterMs);
  }

  /** The last look: judges what is old enough to tell; what is younger stays without a score. */
  finish(nowMs: number, figures: Figures): Decision[] {
    const judged = this.#look(nowMs, figures, this.#leastMs);
    this.#open = [];
    return judged;
  }

  /** A decision is still to be judged. */
  get pending(): boolean {
    return this.#open.length > 0;
  }

  get snapshot(): Omit<DecisionsSnapshot, 'shadow'> {
    return {
      counts: { ...this.#counts },
      verdicts: { ...this.#verdicts },
      regret: this.#judged === 0 ? 0 : this.#regretSum / this.#judged,
      recent: [...this.#recent],
    };
  }

  #look(nowMs: number, figures: Figures, afterMs: number): Decision[] {
    this.#allocatedByTier = figures.allocatedByTier;
    for (const open of this.#open) see(open, figures);
    const due = this.#open.filter((open) => nowMs - open.madeMs >= afterMs);
    if (due.length === 0) return [];
    this.#open = this.#open.filter((open) => nowMs - open.madeMs < afterMs);
    return due.map((open) => this.#judge(open));
  }

  #judge(open: Open): Decision {
    const score = scoreOf(open);
    const decision = { ...open.decision, score };
    this.#verdicts[score.verdict]++;
    this.#regretSum += score.regret;
    this.#judged++;
    const at = this.#recent.indexOf(open.decision);
    if (at >= 0) this.#recent[at] = decision;
    return decision;
  }
}

function see(open: Open, figures: Figures): void {
  const { usedBytes, allocatedByTier, p99Nanoseconds, bytesPerCpuSecond } = figures;
  if (usedBytes < open.lowestBytes) {
    open.lowestBytes = usedBytes;
    open.allocatedAtLowest = allocatedByTier;
  }
  open.lastAllocated = allocatedByTier;
  if (p99Nanoseconds !== null) open.p99s.push(p99Nanoseconds);
  if (bytesPerCpuSecond !== null) open.throughputs.push(bytesPerCpuSecond);
}

function scoreOf(open: Open): Score {
  const { kind, inputs } = open.decision;
  const { byTier, lastAllocated, allocatedAtLowest } = open;
  const promised = byTier.reduce((sum, bytes) => sum + bytes, 0);
  const recoveredBytes = Math.min(promised, inputs.usedBytes - open.lowestBytes);
  const anew = byTier.reduce((sum, bytes, tier) => {
    const since = (lastAllocated[tier] ?? 0) - (allocatedAtLowest[tier] ?? 0);
    return sum + Math.min(bytes, since);
  }, 0);
  const returnedBytes = Math.min(recoveredBytes, anew);
  const p99Ratio = ratio(inputs.p99Nanoseconds, open.p99s);
  const throughputRatio = ratio(inputs.bytesPerCpuSecond, open.throughputs);
  const [verdict, regret] = MEMORY_KINDS.has(kind)
    ? memoryVerdict(recoveredBytes, returnedBytes)
    : speedVerdict(p99Ratio ?? 1, throughputRatio ?? 1);
  return { verdict, recoveredBytes, returnedBytes, p99Ratio, throughputRatio, regret };
}

function memoryVerdict(recovered: Bytes, returned: Bytes): [Verdict, number] {
  if (recovered <= 0) return ['neutral', 0];
  const regret = returned / recovered;
  return [regret > REGRET_OF_MEMORY ? 'regretted' : 'good', regret];
}

function speedVerdict(p99Ratio: number, throughputRatio: number): [Verdict, number] {
  const slower = p99Ratio > P99_NOISE ? 1 - 1 / p99Ratio : 0;
  const regret = Math.max(0, 1 - throughputRatio, slower);
  if (regret > REGRET_OF_SPEED) return ['regretted', regret];
  return [throughputRatio >= GAIN || p99Ratio <= 1 / P99_NOISE ? 'good' : 'neutral', regret];
}

/** The geometric mean of what was seen since, beside what it was before. */
function ratio(before: number | null, after: readonly number[]): number | null {
  if (before === null || before <= 0 || after.length === 0 || after.some((value) => value <= 0)) return null;
  const logs = after.reduce((sum, value) => sum + Math.log(value), 0);
  return Math.exp(logs / after.length) / before;
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}
