/**
 * The regulator: looks at load and memory a few times a second, asks the pure policies beside it what to do, and does it.
 *
 * Owns the pressure, what shards used lately and the record of decisions; runs on the main thread, on the runtime's timer, so
 * also while no one allocates. Leaves to others: blocks (`BlockControl`), emergencies (`EmergencyControl`), how memory is given
 * back (`Cleanup`), who may start (`Admission`).
 * Invariant: a decision is recorded before anything follows from it, and judged once.
 */
import { ALLOCATED, MAIN_ROW, PROCESSED } from '../budget/layout.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Move } from '../coordinator/rebalance.ts';
import type { ShardUse } from '../coordinator/usage.ts';
import type { CpuSnapshot } from '../machine/cpu-load.ts';
import type { ThreadSource } from '../machine/cpu-sources.ts';
import type { ProcessMemory } from '../machine/process-memory.ts';
import type { PoolOptions } from '../pool/options.ts';
import { capacityFor, POOLED_TIERS, TIER_NAMES, tierFor } from '../pool/tiers.ts';
import { BlockControl } from './block-control.ts';
import type { BlockPolicy } from './block-policy.ts';
import type { Decision, DecisionInputs, DecisionKind } from './decision.ts';
import { type EmergencyChange, EmergencyControl } from './emergency-control.ts';
import { type Figures, Judge } from './judge.ts';
import {
  atLeast,
  CALM,
  DEFAULT_PRESSURE,
  levelOf,
  nextPressure,
  type PressureLevel,
  type PressureState,
  spend,
} from './pressure.ts';
import type {
  RegulatedAdmission,
  RegulatedLedger,
  RegulatedLoad,
  RegulatedMemory,
  RegulatedTotals,
} from './regulated.ts';
import { retainedQuota } from './retained.ts';
import { DEFAULT_RIGHT_SIZE, Demand } from './right-size.ts';
import type { BlockSnapshot, DecisionsSnapshot, PressureSnapshot } from './snapshots.ts';

/** What the regulator tells the runtime. */
export interface RegulatorEvents {
  decided(decision: Decision): void;
  /** Some seconds later; with its score. */
  judged(decision: Decision): void;
  pressureChanged(from: PressureLevel, to: PressureLevel, pressure: PressureSnapshot): void;
  emergencyEnded(end: Extract<EmergencyChange, { kind: 'ended' }>): void;
}

export interface RegulatorParts {
  readonly ledger: RegulatedLedger;
  readonly coordinator: RegulatedMemory;
  readonly admission: RegulatedAdmission;
  readonly options: PoolOptions;
  readonly threads: number;
  readonly load: RegulatedLoad;
  readonly readMemory: () => ProcessMemory;
  readonly totals: RegulatedTotals;
  /** Parameters of a second block policy that decides on the same figures without acting. */
  readonly shadow: Partial<BlockPolicy> | null;
  readonly events: RegulatorEvents;
}

/** Milliseconds between two looks. */
const LOOK_MS = 200;
/** How long pressure of process memory alone may act before it has to rise again to count: RSS does not follow every free. */
const PROCESS_PATIENCE_MS = 5000;
/** Over how long throughput is read for the record of decisions. */
const THROUGHPUT_MS = 1000;
/** Quota follows demand in many small steps, told as one decision in so long. */
const RIGHT_SIZE_MS = 60_000;

/** What one look reads, once. */
interface Reading {
  readonly atMs: number;
  readonly usedKib: number;
  /** Of all shards, by tier. */
  readonly idleByTier: readonly Bytes[];
  readonly idleBytes: Bytes;
  /** Of the budget, what the main thread holds beside loans. */
  readonly outsideShare: number;
  readonly allocatedByTier: readonly Bytes[];
  readonly processedBytes: number;
  readonly cpuSeconds: number;
}

export class Regulator {
  readonly #parts: RegulatorParts;
  readonly #block: BlockControl;
  readonly #emergency: EmergencyControl;
  readonly #judge: Judge;
  readonly #demand = new Demand();
  /** By tier, what a shard keeps of its quota at least. */
  readonly #retained: readonly number[];
  /** By tier, what quotas that followed demand freed since that was last told. */
  #rightSized = [0, 0, 0];
  #rightSizedMs: number;
  readonly #secondsAtLevel: Record<PressureLevel, number> = { nominal: 0, elevated: 0, high: 0, critical: 0 };
  #pressure: PressureState = CALM;
  #pressureSinceMs: number;
  #memory: ProcessMemory;
  #now: Reading;
  #lookedMs: number;
  #throughput: Reading;
  #bytesPerCpuSecond: number | null = null;
  #movedBytes = 0;
  #moves = 0;
  #closed = false;

  constructor(parts: RegulatorParts, nowMs: number) {
    this.#parts = parts;
    const { ledger, coordinator, admission, options, threads, shadow } = parts;
    this.#block = new BlockControl(ledger, options, threads, shadow, nowMs);
    this.#emergency = new EmergencyControl(ledger, coordinator, admission);
    this.#memory = parts.readMemory();
    this.#judge = new Judge({ startMs: nowMs });
    this.#lookedMs = nowMs;
    this.#pressureSinceMs = nowMs;
    this.#retained = retainedQuota(options, threads);
    this.#now = this.#read(nowMs);
    this.#throughput = this.#now;
    this.#rightSizedMs = nowMs;
  }

  get pressure(): PressureSnapshot {
    const { ledger } = this.#parts;
    return {
      level: levelOf(this.#pressure),
      ledgerLevel: this.#pressure.ledger,
      processLevel: this.#pressure.process,
      ledgerShare: this.#now.usedKib / ledger.limitKib,
      processShare: this.#memory.share,
      rssBytes: this.#memory.rssBytes,
      limitBytes: this.#memory.limitBytes,
      secondsAtLevel: { ...this.#secondsAtLevel },
      emergency: this.#emergency.active,
    };
  }

  get cpu(): CpuSnapshot {
    return this.#parts.load.snapshot();
  }

  get block(): BlockSnapshot {
    return this.#block.snapshot;
  }

  get decisions(): DecisionsSnapshot {
    return { ...this.#judge.snapshot, shadow: this.#block.shadow };
  }

  get recoveries(): EmergencyControl['counts'] {
    return this.#emergency.counts;
  }

  /** What the coordinator moves by itself is recorded with the next look. */
  rebalanced(moves: readonly Move[]): void {
    this.#moves += moves.length;
    for (const { kind, tier, count } of moves) {
      if (kind === 'buffers') this.#movedBytes += count * this.#parts.coordinator.rows.tierKib(tier) * KiB;
    }
  }

  forget(row: number): void {
    this.#demand.forget(row);
    this.#parts.load.forget(row);
  }

  /** To be called often; looks when it is time. */
  tick(nowMs: number, threads: Iterable<ThreadSource>): void {
    if (this.#closed || nowMs - this.#lookedMs < LOOK_MS) return;
    this.#parts.load.sample(threads);
    this.look(nowMs);
  }

  /** One look, and what follows from it. */
  look(nowMs: number): void {
    const { coordinator, readMemory } = this.#parts;
    this.#secondsAtLevel[levelOf(this.#pressure)] += (nowMs - this.#lookedMs) / 1000;
    this.#lookedMs = nowMs;
    this.#now = this.#read(nowMs);
    this.#memory = readMemory();
    this.#readThroughput();
    for (const decision of this.#judge.observe(nowMs, this.#figures())) this.#parts.events.judged(decision);
    this.#followPressure(nowMs);
    this.#followEmergency(nowMs);
    const scarce = atLeast(levelOf(this.#pressure), 'elevated');
    coordinator.scarce = scarce || this.#emergency.active;
    // Process memory that was spent raises no level any more, but what lies unused meanwhile had better go.
    const crowded = (this.#memory.share ?? 0) >= DEFAULT_PRESSURE.process.high.enter;
    this.#followDemand(nowMs, scarce || crowded);
    if (this.#moves > 0) {
      const sentence = `${this.#moves} moves of quota and idle buffers went to shards that missed most.`;
      this.#decide('rebalance', nowMs, sentence, { bytes: this.#movedBytes });
      this.#moves = 0;
      this.#movedBytes = 0;
    }
    this.#followBlock(nowMs);
  }

  /** The runtime closes: an emergency ends, what is open is judged, and nothing is looked at any more. */
  close(nowMs: number): void {
    this.#closed = true;
    this.#secondsAtLevel[levelOf(this.#pressure)] += (nowMs - this.#lookedMs) / 1000;
    this.#lookedMs = nowMs;
    this.#now = this.#read(nowMs);
    this.#emergency.close();
    for (const decision of this.#judge.finish(nowMs, this.#figures())) this.#parts.events.judged(decision);
  }

  #followPressure(nowMs: number): void {
    const before = levelOf(this.#pressure);
    const processBefore = this.#pressure.process;
    const processShare = this.#memory.share;
    this.#pressure = nextPressure(this.#pressure, {
      ledgerShare: this.#now.usedKib / this.#parts.ledger.limitKib,
      processShare,
    });
    if (this.#pressure.process !== processBefore) this.#pressureSinceMs = nowMs;
    const tired = nowMs - this.#pressureSinceMs >= PROCESS_PATIENCE_MS;
    if (tired && this.#pressure.process !== 'nominal') this.#spend();
    const now = levelOf(this.#pressure);
    if (now !== before) this.#parts.events.pressureChanged(before, now, this.pressure);
  }

  /** Process memory has had its effect. */
  #spend(): void {
    if (this.#memory.share === null) return;
    this.#pressure = spend(this.#pressure, this.#memory.share);
  }

  #followEmergency(nowMs: number): void {
    const { ledger, events, totals } = this.#parts;
    const { usedKib, idleBytes, idleByTier, outsideShare } = this.#now;
    const change = this.#emergency.look(
      { nowMs, pressure: this.#pressure, ledgerShare: usedKib / ledger.limitKib, idleBytes },
      usedKib * KiB,
      outsideShare,
    );
    if (change?.kind === 'started') {
      const { bytes } = change;
      this.#decide('emergency', nowMs, this.#emergencySentence(), { bytes }, idleByTier);
    } else if (change?.kind === 'ended') {
      this.#spend();
      totals.recovered(change.milliseconds * 1e6);
      events.emergencyEnded(change);
    }
  }

  #emergencySentence(): string {
    const { level, ledgerShare, processShare } = this.pressure;
    const process =
      processShare === null ? '' : ` and process memory at ${percent(processShare)} of its limit`;
    return `Pressure is ${level}, with the budget used to ${percent(ledgerShare)}${process}: everything idle is freed and new tasks wait.`;
  }

  /** Frees what lay unused while memory is scarce; else lets quotas follow demand. */
  #followDemand(nowMs: number, scarce: boolean): void {
    const shards = this.#parts.coordinator.cleanup.takeUse();
    this.#demand.observe(nowMs, shards);
    if (scarce) this.#clearUnused(nowMs, shards);
    else this.#rightSize(nowMs, shards);
  }

  #clearUnused(nowMs: number, shards: readonly ShardUse[]): void {
    const { cleanup, rows } = this.#parts.coordinator;
    const byTier = [0, 0, 0];
    for (const { row, unused } of shards) {
      const idle = unused.map((count, tier) => Math.min(count, rows.idle(row, tier)));
      if (cleanup.clear(row, unused) === 0) continue;
      for (const [tier, count] of idle.entries()) byTier[tier] += count * rows.tierKib(tier) * KiB;
    }
    const bytes = byTier.reduce((sum, each) => sum + each, 0);
    if (bytes === 0) return;
    const sentence = `Memory is scarce: what nobody needed for ${LOOK_MS} ms is freed.`;
    this.#decide('trim', nowMs, sentence, { bytes }, byTier);
  }

  #rightSize(nowMs: number, shards: readonly (ShardUse & { readonly quota: readonly number[] })[]): void {
    const { cleanup, rows } = this.#parts.coordinator;
    const policy = { ...DEFAULT_RIGHT_SIZE, retained: this.#retained };
    const quotas = new Map(shards.map(({ row, quota }) => [row, quota]));
    for (const { row, tier, count } of this.#demand.lowerings(nowMs, shards, policy)) {
      if (!cleanup.lowerQuota(row, tier, count)) continue;
      const quota = (quotas.get(row)?.[tier] ?? 0) - count;
      this.#rightSized[tier] += Math.max(0, rows.idle(row, tier) - quota) * rows.tierKib(tier) * KiB;
    }
    const bytes = this.#rightSized.reduce((sum, each) => sum + each, 0);
    if (bytes === 0 || nowMs - this.#rightSizedMs < RIGHT_SIZE_MS) return;
    const sentence = 'Demand has fallen: quotas followed it down, and what was idle over them was freed.';
    this.#decide('trim', nowMs, sentence, { bytes }, this.#rightSized);
    this.#rightSized = [0, 0, 0];
    this.#rightSizedMs = nowMs;
  }

  #followBlock(nowMs: number): void {
    const { usedKib, processedBytes, cpuSeconds } = this.#now;
    const pressure = this.#emergency.active ? 'critical' : levelOf(this.#pressure);
    const { share: cpu } = this.#parts.load;
    this.#block.look(
      { nowMs, cpu, pressure, heldBytes: usedKib * KiB, processedBytes, cpuSeconds },
      ({ kind, bytes, reason }) => {
        this.#decide(kind, nowMs, reason, { blockBytes: bytes }, this.#savedBy(this.#block.bytes, bytes));
      },
    );
  }

  /** By tier, what all threads together hold less with a smaller block. */
  #savedBy(before: Bytes, after: Bytes): Bytes[] {
    const { options, threads } = this.#parts;
    const [from, to] = [before, after].map((bytes) => capacityFor(bytes, options.tiers));
    const saved = [0, 0, 0, 0];
    saved[tierFor(before, options.tiers)] = Math.max(0, threads * (from - to));
    return saved;
  }

  #decide(
    kind: DecisionKind,
    nowMs: number,
    reason: string,
    extra: { blockBytes?: Bytes; bytes?: Bytes },
    byTier: readonly Bytes[] = [],
  ): void {
    const { load, totals } = this.#parts;
    const inputs: DecisionInputs = {
      cpu: load.share,
      pressure: levelOf(this.#pressure),
      usedBytes: this.#now.usedKib * KiB,
      idleBytes: this.#now.idleBytes,
      blockBytes: this.#block.bytes,
      bytesPerCpuSecond: this.#bytesPerCpuSecond,
      p99Nanoseconds: totals.intervalP99(),
    };
    this.#parts.events.decided(this.#judge.decide(kind, nowMs, reason, inputs, extra, byTier));
  }

  #figures(): Figures {
    return {
      usedBytes: this.#now.usedKib * KiB,
      allocatedByTier: this.#now.allocatedByTier,
      p99Nanoseconds: this.#parts.totals.intervalP99(),
      bytesPerCpuSecond: this.#bytesPerCpuSecond,
    };
  }

  #read(atMs: number): Reading {
    const { ledger, coordinator, load } = this.#parts;
    const { rows, loans } = coordinator;
    const live = rows.live();
    const idleByTier = [0, 0, 0];
    for (const row of live) {
      for (let tier = 0; tier < POOLED_TIERS; tier++) {
        idleByTier[tier] += rows.idle(row, tier) * rows.tierKib(tier) * KiB;
      }
    }
    const mainKib = ledger.chargedKib(MAIN_ROW) - rows.idleKib(MAIN_ROW) - loans.bytes / KiB;
    return {
      atMs,
      usedKib: ledger.sumKib() ?? this.#now.usedKib,
      idleByTier,
      idleBytes: idleByTier.reduce((sum, bytes) => sum + bytes, 0),
      outsideShare: mainKib / ledger.limitKib,
      allocatedByTier: TIER_NAMES.map((_, tier) => rows.total(live, ALLOCATED + tier) * KiB),
      processedBytes: rows.total(live, PROCESSED),
      cpuSeconds: load.cpuSeconds,
    };
  }

  #readThroughput(): void {
    const before = this.#throughput;
    if (this.#now.atMs - before.atMs < THROUGHPUT_MS) return;
    this.#throughput = this.#now;
    const spent = this.#now.cpuSeconds - before.cpuSeconds;
    const bytes = this.#now.processedBytes - before.processedBytes;
    this.#bytesPerCpuSecond = spent > 0 && bytes > 0 ? bytes / spent : null;
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
