/**
 * How scarce memory is, by two measures: the ledger, exact about live bytes at every instant, and process
 * memory, which may show what the ledger cannot (heaps, native code) but follows frees late or never: freed
 * buffers of 4 and 64 KiB often stay in the resident set. So process memory may raise the level, but only
 * once; then it is spent until it rises again. Pure: no clock, no reading of memory.
 */

/** How scarce memory is, in rising order. */
export const PRESSURE_LEVELS = ['nominal', 'elevated', 'high', 'critical'] as const;
export type PressureLevel = (typeof PRESSURE_LEVELS)[number];

/** Shares, 0 to 1. A level begins at `enter` and over, and lasts until its measure is below `exit`. */
interface Marks {
  readonly enter: number;
  readonly exit: number;
}

type LevelMarks = Readonly<Record<Exclude<PressureLevel, 'nominal'>, Marks>>;

interface PressurePolicy {
  /** Of the budget. */
  readonly ledger: LevelMarks;
  /** Of what the process may have. */
  readonly process: LevelMarks;
  /** By how much process memory has to rise over the share at which it was spent, to count again. */
  readonly processRise: number;
}

/**
 * Marks rise from level to level, and every exit is below its enter. At the budget itself it would be too
 * late.
 */
export const DEFAULT_PRESSURE: PressurePolicy = {
  ledger: {
    elevated: { enter: 0.75, exit: 0.65 },
    high: { enter: 0.85, exit: 0.75 },
    critical: { enter: 0.95, exit: 0.85 },
  },
  process: {
    elevated: { enter: 0.8, exit: 0.7 },
    high: { enter: 0.88, exit: 0.8 },
    critical: { enter: 0.94, exit: 0.88 },
  },
  processRise: 0.02,
};

export interface PressureState {
  /** The level by each measure alone. */
  readonly ledger: PressureLevel;
  readonly process: PressureLevel;
  /** The share of process memory at which it was spent; null while it counts. */
  readonly spentShare: number | null;
}

export const CALM: PressureState = { ledger: 'nominal', process: 'nominal', spentShare: null };

/**
 * The state after one more look. `processShare` is null where nothing limits the process: then it never
 * counts.
 */
export function nextPressure(
  state: PressureState,
  input: { readonly ledgerShare: number; readonly processShare: number | null },
  policy: PressurePolicy = DEFAULT_PRESSURE,
): PressureState {
  const { ledgerShare, processShare } = input;
  const ledger = nextLevel(state.ledger, ledgerShare, policy.ledger);
  if (processShare === null) return { ledger, process: 'nominal', spentShare: state.spentShare };
  const { spentShare } = state;
  const stillSpent =
    spentShare !== null &&
    processShare >= policy.process.elevated.exit &&
    processShare <= spentShare + policy.processRise;
  return stillSpent
    ? { ledger, process: 'nominal', spentShare }
    : { ledger, process: nextLevel(state.process, processShare, policy.process), spentShare: null };
}

/** The higher of the two levels. */
export function levelOf(state: PressureState): PressureLevel {
  return atLeast(state.ledger, state.process) ? state.ledger : state.process;
}

/**
 * Process memory is spent: what could be freed was freed. It counts as nominal until it was below its lowest
 * exit mark once, or has risen by `processRise` over `processShare`.
 */
export function spend(state: PressureState, processShare: number): PressureState {
  return { ...state, process: 'nominal', spentShare: processShare };
}

export function atLeast(level: PressureLevel, other: PressureLevel): boolean {
  return PRESSURE_LEVELS.indexOf(level) >= PRESSURE_LEVELS.indexOf(other);
}

/** The highest level that is entered now, or that was held before and is not yet left. */
function nextLevel(current: PressureLevel, share: number, marks: LevelMarks): PressureLevel {
  for (const level of ['critical', 'high', 'elevated'] as const) {
    const { enter, exit } = marks[level];
    if (share >= (atLeast(current, level) ? exit : enter)) return level;
  }
  return 'nominal';
}
