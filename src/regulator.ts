/**
 * The regulator: looks at load and memory a few times a second, asks the pure policies of sizing/ what to do, and does it.
 *
 * Owns the policies' states and the record of decisions; runs on the main thread, on the runtime's timer, so also
 * while no one allocates. Leaves to others: how memory is given back (`Cleanup`), who may start (`Admission`).
 * Invariant: while an emergency goes on, and only then, the ledger's critical word is set, new tasks are held and quotas
 * are dropped.
 */
import type { Admission } from './admission.ts';
import { ALLOCATED, BLOCK, PROCESSED } from './budget/layout.ts';
import type { Ledger } from './budget/ledger.ts';
import {
  atLeast,
  CALM,
  levelOf,
  nextPressure,
  type PressureLevel,
  type PressureState,
  spend,
} from './budget/pressure.ts';
import { type Bytes, KiB } from './bytes.ts';
import type { Coordinator } from './coordinator/coordinator.ts';
import type { Move } from './coordinator/rebalance.ts';
import type { PoolOptions } from './options.ts';
import {
  type BlockInput,
  type BlockPolicy,
  type BlockState,
  DEFAULT_BLOCK_POLICY,
  nextBlock,
  startBlock,
} from './sizing/block-policy.ts';
import { blockSizes } from './sizing/block-sizes.ts';
import type { CpuLoad } from './sizing/cpu-load.ts';
import type { ThreadSource } from './sizing/cpu-sources.ts';
import { DECISION_KINDS, type Decision, type DecisionInputs, type DecisionKind } from './sizing/decision.ts';
import { DEFAULT_EMERGENCY, type EmergencyState, NO_EMERGENCY, nextEmergency } from './sizing/emergency.ts';
import { Judge } from './sizing/judge.ts';
import type { ProcessMemory } from './sizing/process-memory.ts';
import { DEFAULT_RIGHT_SIZE, Demand } from './sizing/right-size.ts';
import type {
  BlockSnapshot,
  CpuSnapshot,
  DecisionsSnapshot,
  PressureSnapshot,
} from './telemetry/snapshot.ts';
import type { Totals } from './telemetry/totals.ts';

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
  readonly #policy: BlockPolicy;
  readonly #judge: Judge;
  readonly #demand = new Demand();
  readonly #secondsAtLevel: Record<PressureLevel, number> = { nominal: 0, elevated: 0, high: 0, critical: 0 };
  #pressure: PressureState = CALM;
  #pressureSinceMs: number;
  #emergency: EmergencyState = NO_EMERGENCY;
  #emergencyUsedBytes = 0;
  #block: BlockState;
  #shadow: { policy: BlockPolicy; state: BlockState; counts: Record<DecisionKind, number> } | null = null;
  #memory: ProcessMemory;
  #usedKib = 0;
  #lookedMs: number;
  #throughput: Reading;
  #bytesPerCpuSecond: number | null = null;
  #emergencies = 0;
  #recovered = 0;
  #movedBytes = 0;
  #moves = 0;
  #closed = false;

  constructor(parts: RegulatorParts, nowMs: number) {
    this.#parts = parts;
    const { blockBytes, leastBlockBytes, mostBlockBytes, budgetBytes, tiers } = parts.options;
    const sizes = blockSizes({
      baselineBytes: blockBytes,
      leastBytes: leastBlockBytes,
      mostBytes: mostBlockBytes,
      threads: parts.threads,
      budgetBytes,
      tiers,
    });
    this.#policy = { ...DEFAULT_BLOCK_POLICY, ...sizes };
    this.#block = startBlock(this.#policy, nowMs);
    if (parts.shadow !== null) {
      const policy = { ...this.#policy, ...parts.shadow };
      this.#shadow = { policy, state: startBlock(policy, nowMs), counts: noDecisions() };
    }
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
    const { ledger, options } = this.#parts;
    const { baselineBytes, leastBytes, mostBytes } = this.#policy;
    return {
      bytes: ledger.words[BLOCK],
      baselineBytes,
      leastBytes,
      mostBytes,
      ceilingBytes: this.#block.ceilingBytes,
      mostMilliseconds: options.mostBlockMs,
    };
  }

  get decisions(): DecisionsSnapshot {
    const shadow = this.#shadow;
    return {
      ...this.#judge.snapshot,
      shadow: shadow === null ? null : { blockBytes: shadow.state.bytes, counts: { ...shadow.counts } },
    };
  }

  get recoveries(): { emergencies: number; recovered: number; recoverySuccessRate: number } {
    const ended = this.#emergencies - Number(this.#emergency.active);
    return {
      emergencies: this.#emergencies,
      recovered: this.#recovered,
      recoverySuccessRate: ended === 0 ? 1 : this.#recovered / ended,
    };
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
    if (this.#emergency.active) this.#endEmergency(nowMs, null);
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
    const { ledger, coordinator, admission } = this.#parts;
    const { state, change } = nextEmergency(
      this.#emergency,
      {
        nowMs,
        pressure: this.#pressure,
        ledgerShare: this.#usedKib / ledger.limitKib,
        idleBytes: this.#idleKib() * KiB,
      },
      { ...DEFAULT_EMERGENCY, budgetBytes: ledger.limitKib * KiB },
    );
    const sinceMs = this.#emergency.sinceMs ?? nowMs;
    this.#emergency = state;
    if (change === 'start') {
      this.#emergencies++;
      this.#emergencyUsedBytes = this.#usedKib * KiB;
      coordinator.critical = true;
      admission.hold(true);
      const bytes = coordinator.drain() * KiB;
      this.#decide('emergency', nowMs, this.#emergencySentence(), { bytes });
    } else if (change === 'end') {
      this.#endEmergency(nowMs, sinceMs);
    } else if (state.active) coordinator.drain();
  }

  /** `sinceMs` is when it started; null where it did not end by itself. */
  #endEmergency(nowMs: number, sinceMs: number | null): void {
    const { coordinator, admission, events, totals } = this.#parts;
    this.#emergency = { ...this.#emergency, active: false };
    coordinator.critical = false;
    coordinator.cleanup.refill();
    admission.hold(false);
    if (this.#memory.share !== null) this.#pressure = spend(this.#pressure, this.#memory.share);
    if (sinceMs === null) return;
    this.#recovered++;
    const milliseconds = nowMs - sinceMs;
    totals.recovered(milliseconds * 1e6);
    events.recovered(milliseconds, Math.max(0, this.#emergencyUsedBytes - this.#usedKib * KiB));
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
    const { options, ledger } = this.#parts;
    if (options.sizing === 'fixed') return;
    const input: BlockInput = {
      nowMs,
      cpu: this.#parts.load.share,
      pressure: this.#emergency.active ? 'critical' : levelOf(this.#pressure),
      heldBytes: this.#usedKib * KiB,
      ...this.#work(),
    };
    const { state, change } = nextBlock(this.#block, input, this.#policy);
    this.#block = state;
    if (change !== null) {
      if (!change.turn) this.#decide(change.kind, nowMs, change.reason, { blockBytes: change.bytes });
      ledger.words[BLOCK] = change.bytes;
    }
    const shadow = this.#shadow;
    if (shadow === null) return;
    const other = nextBlock(shadow.state, input, shadow.policy);
    shadow.state = other.state;
    if (other.change?.turn === false) shadow.counts[other.change.kind]++;
  }

  #decide(
    kind: DecisionKind,
    nowMs: number,
    reason: string,
    extra: { blockBytes?: Bytes; bytes?: Bytes },
  ): void {
    const { load, ledger, totals } = this.#parts;
    const inputs: DecisionInputs = {
      cpu: load.share,
      pressure: levelOf(this.#pressure),
      usedBytes: this.#usedKib * KiB,
      idleBytes: this.#idleKib() * KiB,
      blockBytes: ledger.words[BLOCK],
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

function noDecisions(): Record<DecisionKind, number> {
  return Object.fromEntries(DECISION_KINDS.map((kind) => [kind, 0])) as Record<DecisionKind, number>;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
