/**
 * The regulator: looks at load and memory a few times a second, asks the pure policies of sizing/ what to do, and does it.
 *
 * Owns the pressure, what shards used lately and the record of decisions; runs on the main thread, on the runtime's timer, so
 * also while no one allocates. Leaves to others: blocks (`BlockControl`), emergencies (`EmergencyControl`), how memory is given
 * back (`Cleanup`), who may start (`Admission`).
 * Invariant: a decision is recorded before anything follows from it, and judged once.
 */
import type { Admission } from '../admission.ts';
import { ALLOCATED, PROCESSED } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import {
  atLeast,
  CALM,
  levelOf,
  nextPressure,
  type PressureLevel,
  type PressureState,
  spend,
} from '../budget/pressure.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { Move } from '../coordinator/rebalance.ts';
import type { PoolOptions } from '../options.ts';
import type { BlockPolicy } from '../sizing/block-policy.ts';
import type { CpuLoad } from '../sizing/cpu-load.ts';
import type { ThreadSource } from '../sizing/cpu-sources.ts';
import type { Decision, DecisionInputs, DecisionKind } from '../sizing/decision.ts';
import { Judge } from '../sizing/judge.ts';
import type { ProcessMemory } from '../sizing/process-memory.ts';
import { DEFAULT_RIGHT_SIZE, Demand } from '../sizing/right-size.ts';
import type {
  BlockSnapshot,
  CpuSnapshot,
  DecisionsSnapshot,
  PressureSnapshot,
} from '../telemetry/snapshot.ts';
import type { Totals } from '../telemetry/totals.ts';
import { BlockControl } from './block-control.ts';
import { EmergencyControl } from './emergency-control.ts';

/** What the regulator tells the runtime. */
export interface RegulatorEvents {
  decided(decision: Decision): void;
  /** Some seconds later; with its score. */
  judged(decision: Decision): void;
  pressureChanged(from: PressureLevel, to: PressureLevel, pressure: PressureSnapshot): void;
  /** An emergency is over. */
  recovered(milliseconds: number, recoveredBytes: Bytes): void;
}

export interface RegulatorParts {
  readonly ledger: Ledger;
  readonly coordinator: Coordinator;
  readonly admission: Admission;
  readonly options: PoolOptions;
  readonly threads: number;
  readonly load: CpuLoad;
  readonly readMemory: () => ProcessMemory;
  readonly totals: Totals;
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
/** Of each tier, one in so many of the idle buffers that all shards may keep stays theirs, however long they are idle. */
const RETAINED = 16;

interface Reading {
  readonly atMs: number;
  readonly processedBytes: number;
  readonly cpuSeconds: number;
}

export class Regulator {
  readonly #parts: RegulatorParts;
  readonly #block: BlockControl;
  readonly #emergency: EmergencyControl;
  readonly #judge: Judge;
  readonly #demand = new Demand();
  readonly #secondsAtLevel: Record<PressureLevel, number> = { nominal: 0, elevated: 0, high: 0, critical: 0 };
  #pressure: PressureState = CALM;
  #pressureSinceMs: number;
  #memory: ProcessMemory;
  #usedKib = 0;
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
    this.#throughput = { atMs: nowMs, processedBytes: 0, cpuSeconds: 0 };
  }

  get pressure(): PressureSnapshot {
    const { ledger } = this.#parts;
    return {
      level: levelOf(this.#pressure),
      ledgerLevel: this.#pressure.ledger,
      processLevel: this.#pressure.process,
      ledgerShare: this.#usedKib / ledger.limitKib,
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
    const { ledger, coordinator, readMemory } = this.#parts;
    this.#secondsAtLevel[levelOf(this.#pressure)] += (nowMs - this.#lookedMs) / 1000;
    this.#lookedMs = nowMs;
    this.#usedKib = ledger.sumKib() ?? this.#usedKib;
    this.#memory = readMemory();
    this.#readThroughput(nowMs);
    for (const decision of this.#judge.observe(nowMs, this.#figures())) this.#parts.events.judged(decision);
    this.#followPressure(nowMs);
    this.#followEmergency(nowMs);
    const scarce = atLeast(levelOf(this.#pressure), 'elevated');
    coordinator.scarce = scarce || this.#emergency.active;
    this.#followDemand(nowMs, scarce);
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
    this.#emergency.close();
    for (const decision of this.#judge.finish(nowMs, this.#figures())) this.#parts.events.judged(decision);
  }

  #followPressure(nowMs: number): void {
    const before = levelOf(this.#pressure);
    const processBefore = this.#pressure.process;
    const processShare = this.#memory.share;
    this.#pressure = nextPressure(this.#pressure, {
      ledgerShare: this.#usedKib / this.#parts.ledger.limitKib,
      processShare,
    });
    if (this.#pressure.process !== processBefore) this.#pressureSinceMs = nowMs;
    const tired = nowMs - this.#pressureSinceMs >= PROCESS_PATIENCE_MS;
    if (tired && this.#pressure.process !== 'nominal' && processShare !== null) {
      this.#pressure = spend(this.#pressure, processShare);
    }
    const now = levelOf(this.#pressure);
    if (now !== before) this.#parts.events.pressureChanged(before, now, this.pressure);
  }

  #followEmergency(nowMs: number): void {
    const { ledger, events, totals } = this.#parts;
    const usedBytes = this.#usedKib * KiB;
    const change = this.#emergency.look(
      {
        nowMs,
        pressure: this.#pressure,
        ledgerShare: this.#usedKib / ledger.limitKib,
        idleBytes: this.#idleKib() * KiB,
      },
      usedBytes,
    );
    if (change?.kind === 'started') {
      this.#decide('emergency', nowMs, this.#emergencySentence(), { bytes: change.bytes });
    } else if (change?.kind === 'recovered') {
      const { milliseconds, recoveredBytes } = change;
      if (this.#memory.share !== null) this.#pressure = spend(this.#pressure, this.#memory.share);
      totals.recovered(milliseconds * 1e6);
      events.recovered(milliseconds, recoveredBytes);
    }
  }

  #emergencySentence(): string {
    const { level, ledgerShare, processShare } = this.pressure;
    const process =
      processShare === null ? '' : ` and process memory at ${percent(processShare)} of its limit`;
    return `Pressure is ${level}, with the budget used to ${percent(ledgerShare)}${process}: everything idle is freed and new tasks wait.`;
  }

  /** Frees what lay unused while memory is scarce, and lets quotas follow demand at all times. */
  #followDemand(nowMs: number, scarce: boolean): void {
    const { coordinator, options, threads } = this.#parts;
    const { cleanup, rows } = coordinator;
    const shards = cleanup.takeUse();
    this.#demand.observe(nowMs, shards);
    if (scarce) {
      const kib = shards.reduce((sum, { row, unused }) => sum + cleanup.clear(row, unused), 0);
      const sentence = `Pressure is ${levelOf(this.#pressure)}: idle memory that nobody needed for ${LOOK_MS} ms is freed.`;
      if (kib > 0) this.#decide('trim', nowMs, sentence, { bytes: kib * KiB });
    }
    const retained = options.tiers.map(({ maxIdle }) => Math.floor(maxIdle / RETAINED / (threads + 1)));
    let freedKib = 0;
    for (const { row, tier, count } of this.#demand.lowerings(nowMs, shards, {
      ...DEFAULT_RIGHT_SIZE,
      retained,
    })) {
      const quota = (shards.find((shard) => shard.row === row)?.quota[tier] ?? 0) - count;
      freedKib += Math.max(0, rows.idle(row, tier) - quota) * rows.tierKib(tier);
      cleanup.lowerQuota(row, tier, count);
    }
    if (freedKib === 0) return;
    const sentence = 'Demand has fallen: quotas follow it down, and what is idle over them is freed.';
    this.#decide('trim', nowMs, sentence, { bytes: freedKib * KiB });
  }

  #followBlock(nowMs: number): void {
    this.#block.look(
      {
        nowMs,
        cpu: this.#parts.load.share,
        pressure: this.#emergency.active ? 'critical' : levelOf(this.#pressure),
        heldBytes: this.#usedKib * KiB,
        ...this.#work(),
      },
      ({ kind, bytes, reason }) => this.#decide(kind, nowMs, reason, { blockBytes: bytes }),
    );
  }

  #decide(
    kind: DecisionKind,
    nowMs: number,
    reason: string,
    extra: { blockBytes?: Bytes; bytes?: Bytes },
  ): void {
    const { load, totals } = this.#parts;
    const inputs: DecisionInputs = {
      cpu: load.share,
      pressure: levelOf(this.#pressure),
      usedBytes: this.#usedKib * KiB,
      idleBytes: this.#idleKib() * KiB,
      blockBytes: this.#block.bytes,
      bytesPerCpuSecond: this.#bytesPerCpuSecond,
      p99Nanoseconds: totals.intervalP99(),
    };
    this.#parts.events.decided(this.#judge.decide(kind, nowMs, reason, inputs, extra));
  }

  #figures() {
    const { totals, coordinator } = this.#parts;
    const live = coordinator.rows.live();
    return {
      usedBytes: this.#usedKib * KiB,
      allocatedBytes: coordinator.rows.allTiers(live, ALLOCATED) * KiB,
      p99Nanoseconds: totals.intervalP99(),
      bytesPerCpuSecond: this.#bytesPerCpuSecond,
    };
  }

  #work(): { processedBytes: number; cpuSeconds: number } {
    const { rows } = this.#parts.coordinator;
    return {
      processedBytes: rows.total(rows.live(), PROCESSED),
      cpuSeconds: this.#parts.load.cpuSeconds,
    };
  }

  #readThroughput(nowMs: number): void {
    const before = this.#throughput;
    if (nowMs - before.atMs < THROUGHPUT_MS) return;
    const { processedBytes, cpuSeconds } = this.#work();
    this.#throughput = { atMs: nowMs, processedBytes, cpuSeconds };
    const spent = cpuSeconds - before.cpuSeconds;
    const bytes = processedBytes - before.processedBytes;
    this.#bytesPerCpuSecond = spent > 0 && bytes > 0 ? bytes / spent : null;
  }

  #idleKib(): number {
    const { rows } = this.#parts.coordinator;
    return rows.live().reduce((sum, row) => sum + rows.idleKib(row), 0);
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
