/** Runs all policies together, look by look, against a plant that answers or a recording that does not. No clock, no worker. */
import {
  CALM,
  levelOf,
  nextPressure,
  type PressureLevel,
  type PressureState,
  spend,
} from '../../src/budget/pressure.ts';
import type { Bytes } from '../../src/bytes.ts';
import {
  type BlockChange,
  type BlockInput,
  type BlockPolicy,
  type BlockState,
  DEFAULT_BLOCK_POLICY,
  nextBlock,
  startBlock,
} from '../../src/sizing/block-policy.ts';
import type { BlockSizes } from '../../src/sizing/block-sizes.ts';
import { DEFAULT_EMERGENCY, NO_EMERGENCY, nextEmergency } from '../../src/sizing/emergency.ts';
import { DEFAULT_RIGHT_SIZE, Demand, type Lowering, type UseSample } from '../../src/sizing/right-size.ts';

/** What is seen at one look. */
export interface Look extends Omit<BlockInput, 'pressure'> {
  readonly idleBytes: Bytes;
  readonly processShare: number | null;
  readonly uses: readonly UseSample[];
}

/** What was decided at the look before. */
export interface Acts {
  readonly blockBytes: Bytes;
  readonly pressure: PressureLevel;
  readonly emergency: boolean;
  readonly lowerings: readonly Lowering[];
}

export interface Source {
  readonly budgetBytes: Bytes;
  readonly sizes: BlockSizes;
  /** By tier, what a shard keeps of its quota. */
  readonly retained: readonly number[];
  /** The next look; null at the end. */
  next(acts: Acts): Look | null;
}

export interface Moment {
  readonly seconds: number;
  readonly look: Look;
  readonly pressure: PressureState;
  readonly level: PressureLevel;
  readonly emergency: boolean;
  readonly block: BlockState;
  /** The block size, that before the trial while one runs. */
  readonly settledBytes: Bytes;
  /** Turns of trials left out. */
  readonly change: BlockChange | null;
  readonly emergencyChange: 'start' | 'end' | null;
  readonly lowerings: readonly Lowering[];
}

/** Process memory has had its effect after so long. */
const SPENT_AFTER_MS = 3000;

/** Plays a source to its end and shows each moment. */
export function* play(source: Source, given: Partial<BlockPolicy> = {}): Generator<Moment> {
  const { budgetBytes, retained } = source;
  const blockPolicy: BlockPolicy = { ...DEFAULT_BLOCK_POLICY, ...source.sizes, ...given };
  const emergencyPolicy = { ...DEFAULT_EMERGENCY, budgetBytes };
  const rightSizePolicy = { ...DEFAULT_RIGHT_SIZE, retained };
  const demand = new Demand();
  let pressure = CALM;
  let emergency = NO_EMERGENCY;
  let block = startBlock(blockPolicy, 0);
  let pressedMs: number | null = null;
  let lowerings: Lowering[] = [];

  for (;;) {
    const look = source.next({
      blockBytes: block.bytes,
      pressure: levelOf(pressure),
      emergency: emergency.active,
      lowerings,
    });
    if (look === null) return;
    const { nowMs, processShare, idleBytes } = look;
    const ledgerShare = look.heldBytes / budgetBytes;
    pressure = nextPressure(pressure, { ledgerShare, processShare });
    const cleanup = nextEmergency(emergency, { nowMs, pressure, ledgerShare, idleBytes }, emergencyPolicy);
    emergency = cleanup.state;
    const step = nextBlock(block, { ...look, pressure: levelOf(pressure) }, blockPolicy);
    block = step.state;
    demand.observe(nowMs, look.uses);
    lowerings = demand.lowerings(nowMs, look.uses, rightSizePolicy);

    pressedMs = pressure.process === 'nominal' ? null : (pressedMs ?? nowMs);
    const acted = pressedMs !== null && !emergency.active && nowMs - pressedMs >= SPENT_AFTER_MS;
    const level = levelOf(pressure);
    const shown = pressure;
    if (processShare !== null && pressedMs !== null && (acted || cleanup.change === 'end')) {
      pressure = spend(pressure, processShare);
      pressedMs = null;
    }
    yield {
      seconds: nowMs / 1000,
      look,
      pressure: shown,
      level,
      emergency: emergency.active,
      block,
      settledBytes: block.trial?.baseBytes ?? block.bytes,
      change: step.change?.turn ? null : step.change,
      emergencyChange: cleanup.change,
      lowerings,
    };
  }
}
