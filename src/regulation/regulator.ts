/**
 * The regulator: looks at load and memory a few times a second, asks the pure policies beside it what to do,
 * and does it.
 *
 * Owns the record of decisions; runs on the main thread, in the runtime's rounds, so even while nothing
 * allocates. Leaves to others: pressure (`PressureWatch`), blocks (`BlockControl`), emergencies
 * (`EmergencyControl`), idle memory (`DemandControl`), how memory is freed (`Cleanup`), which task may start
 * (`Admission`).
 * Invariant: a decision is recorded before anything follows from it, and judged once.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { Move } from '../coordinator/rebalance.ts';
import type { CpuSnapshot } from '../machine/cpu-load.ts';
import type { ThreadSource } from '../machine/cpu-sources.ts';
import type { ProcessMemory } from '../machine/process-memory.ts';
import type { PoolOptions } from '../pool/options.ts';
import { capacityFor, tierFor } from '../pool/tiers.ts';
import { BlockControl } from './block-control.ts';
import type { BlockPolicy } from './block-state.ts';
import type { Decision, DecisionInputs, DecisionKind } from './decision.ts';
import { DemandControl } from './demand-control.ts';
import { type EmergencyChange, EmergencyControl } from './emergency-control.ts';
import { type Figures, Judge } from './judge.ts';
import { type Observation, observe } from './observation.ts';
import type {
  RegulatedAdmission,
  RegulatedLedger,
  RegulatedLoad,
  RegulatedMemory,
  RegulatedTotals,
} from './ports.ts';
import { atLeast, DEFAULT_PRESSURE, type PressureLevel } from './pressure.ts';
import { PressureWatch } from './pressure-watch.ts';
import type { BlockSnapshot, DecisionsSnapshot, PressureSnapshot } from './snapshots.ts';
import { Throughput } from './throughput.ts';

/** What the regulator tells the runtime. */
interface RegulatorEvents {
  decided(decision: Decision): void;
  /** Some seconds later; with its score. */
  judged(decision: Decision): void;
  pressureChanged(from: PressureLevel, to: PressureLevel, pressure: PressureSnapshot): void;
  emergencyEnded(end: Extract<EmergencyChange, { kind: 'ended' }>): void;
}

interface RegulatorParts {
  readonly ledger: RegulatedLedger;
  readonly coordinator: RegulatedMemory;
  readonly admission: RegulatedAdmission;
  readonly options: PoolOptions;
  readonly threads: number;
  readonly load: RegulatedLoad;
  readonly readMemory: () => ProcessMemory;
  readonly totals: RegulatedTotals;
  /** What reading the clock takes, which each latency includes. */
  readonly readNanoseconds: number;
  /** Parameters of a second block policy that decides on the same figures without acting. */
  readonly shadow: Partial<BlockPolicy> | null;
  readonly events: RegulatorEvents;
}

/** Milliseconds between two looks. */
const LOOK_MS = 200;
export class Regulator {
  readonly #parts: RegulatorParts;
  readonly #block: BlockControl;
  readonly #emergency: EmergencyControl;
  readonly #judge: Judge;
  readonly #demand: DemandControl;
  readonly #pressure: PressureWatch;
  #now: Observation;
  #lookedMs: number;
  readonly #throughput: Throughput;
  #movedBytes = 0;
  #moves = 0;
  #closed = false;

  constructor(parts: RegulatorParts, nowMs: number) {
    this.#parts = parts;
    const { ledger, coordinator, admission, options, threads } = parts;
    this.#block = new BlockControl(parts, nowMs);
    this.#emergency = new EmergencyControl(ledger, coordinator, admission);
    this.#demand = new DemandControl(coordinator, options, threads, nowMs);
    this.#pressure = new PressureWatch(parts.readMemory(), nowMs);
    this.#judge = new Judge({ startMs: nowMs });
    this.#lookedMs = nowMs;
    this.#now = observe(parts, nowMs);
    this.#throughput = new Throughput(this.#now);
  }

  get pressure(): PressureSnapshot {
    const { state, level, memory, secondsAtLevel } = this.#pressure;
    return {
      level,
      ledgerLevel: state.ledger,
      processLevel: state.process,
      ledgerShare: this.#ledgerShare,
      processShare: memory.share,
      rssBytes: memory.rssBytes,
      limitBytes: memory.limitBytes,
      secondsAtLevel,
      heldSeconds: this.#pressure.heldSeconds(this.#lookedMs),
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

  /** Looks still find something to do as time passes, though nothing happens. */
  get unsettled(): boolean {
    return this.#emergency.active || this.#judge.pending || this.#block.away || this.#demand.spare;
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
    this.#pressure.count(nowMs);
    const sinceMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    this.#now = observe(this.#parts, nowMs, this.#now);
    const memory = readMemory();
    this.#throughput.look(this.#now);
    for (const decision of this.#judge.observe(nowMs, this.#figures())) this.#parts.events.judged(decision);
    this.#followPressure(nowMs, memory);
    this.#followEmergency(nowMs);
    const scarce = atLeast(this.#pressure.level, 'elevated');
    coordinator.scarce = scarce || this.#emergency.active;
    // Process memory that was spent raises no level any more, but what lies unused meanwhile is freed all the
    // same.
    const crowded = (memory.share ?? 0) >= DEFAULT_PRESSURE.process.high.enter;
    const { busySeconds, freshSeconds, waitSeconds } = this.#now;
    const demand = this.#demand.look({
      ...{ nowMs, sinceMs, scarce: scarce || crowded, blockBytes: this.#block.bytes },
      ...{ busySeconds, freshSeconds, waitSeconds },
    });
    if (demand !== null) {
      this.#decide(demand.kind, nowMs, demand.reason, { bytes: demand.bytes }, demand.byTier);
    }
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
    this.#pressure.count(nowMs);
    this.#lookedMs = nowMs;
    this.#now = observe(this.#parts, nowMs, this.#now);
    this.#emergency.close();
    for (const decision of this.#judge.finish(nowMs, this.#figures())) this.#parts.events.judged(decision);
  }

  get #ledgerShare(): number {
    return this.#now.usedKib / this.#parts.ledger.limitKib;
  }

  #followPressure(nowMs: number, memory: ProcessMemory): void {
    const before = this.#pressure.level;
    this.#pressure.look(nowMs, this.#ledgerShare, memory);
    const now = this.#pressure.level;
    if (now !== before) this.#parts.events.pressureChanged(before, now, this.pressure);
  }

  #followEmergency(nowMs: number): void {
    const { events, totals } = this.#parts;
    const { usedKib, outsideShare } = this.#now;
    const idleBytes = this.#freeableByTier().reduce((sum, bytes) => sum + bytes, 0);
    const change = this.#emergency.look(
      { nowMs, pressure: this.#pressure.state, ledgerShare: this.#ledgerShare, idleBytes },
      usedKib * KiB,
      outsideShare,
    );
    if (change?.kind === 'started') {
      const { bytes } = change;
      this.#decide('emergency', nowMs, this.#emergencySentence(), { bytes }, this.#freeableByTier());
    } else if (change?.kind === 'ended') {
      this.#pressure.spend();
      totals.recovered(change.milliseconds * 1e6);
      events.emergencyEnded(change);
    }
  }

  /** Idle, but for what an emergency leaves. */
  #freeableByTier(): Bytes[] {
    const { cleanup } = this.#parts.coordinator;
    return this.#now.idleByTier.map((bytes, tier) => Math.max(0, bytes - cleanup.keptKib(tier) * KiB));
  }

  #emergencySentence(): string {
    const { level, ledgerShare, processShare } = this.pressure;
    const process =
      processShare === null ? '' : ` and process memory at ${percent(processShare)} of its limit`;
    return `Pressure is ${level}, with the budget used to ${percent(ledgerShare)}${process}: what is idle is freed and new tasks wait.`;
  }

  #followBlock(nowMs: number): void {
    const { usedKib, processedBytes, cpuSeconds, longestBlockBytes } = this.#now;
    const { busySeconds, acquireSeconds, waitSeconds } = this.#now;
    const pressure = this.#emergency.active ? 'critical' : this.#pressure.level;
    const { load, totals } = this.#parts;
    this.#block.look(
      {
        ...{ nowMs, pressure, heldBytes: usedKib * KiB, processedBytes, cpuSeconds },
        ...{ busySeconds, acquireSeconds, waitSeconds, longestBytes: longestBlockBytes },
        cpu: load.share,
        p99Nanoseconds: totals.intervalP99(),
      },
      ({ kind, bytes, reason }) => {
        const before = Math.min(this.#block.bytes, longestBlockBytes ?? Number.POSITIVE_INFINITY);
        this.#decide(kind, nowMs, reason, { blockBytes: bytes }, this.#savedBy(before, bytes));
      },
    );
  }

  /** By tier, what all threads together save with a smaller block. */
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
      pressure: this.#pressure.level,
      usedBytes: this.#now.usedKib * KiB,
      idleBytes: this.#now.idleBytes,
      blockBytes: this.#block.bytes,
      bytesPerCpuSecond: this.#throughput.bytesPerCpuSecond,
      p99Nanoseconds: totals.intervalP99(),
      ...this.#block.requests,
    };
    this.#parts.events.decided(this.#judge.decide(kind, nowMs, reason, inputs, extra, byTier));
  }

  #figures(): Figures {
    return {
      usedBytes: this.#now.usedKib * KiB,
      allocatedByTier: this.#now.allocatedByTier,
      p99Nanoseconds: this.#parts.totals.intervalP99(),
      bytesPerCpuSecond: this.#throughput.bytesPerCpuSecond,
    };
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
