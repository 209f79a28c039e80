/** Hostile files from one seed, tried one after the other, and counted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TranscodeSettings } from '../../src/audio/plan/request.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { Dice } from '../stress/contents.ts';
import { type MutationName, mutate } from './mutate.ts';
import type { Honest } from './seeds.ts';
import { Trial, type TrialOptions, type Verdict } from './trial.ts';

/** One hostile file, and what it is made of. */
export interface Hostile {
  readonly number: number;
  readonly honest: string;
  readonly done: readonly MutationName[];
  readonly bytes: Buffer;
  readonly settings: TranscodeSettings;
}

export interface Finding extends Hostile {
  readonly broken: readonly string[];
}

/** What a few bytes may come to here: enough to see that more is refused. */
const LIMITS = { maxSeconds: 120, maxOutputBytes: 32 * 1024 * 1024 };
const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

export function hostileFile(honest: readonly Honest[], seed: number, number: number): Hostile {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  // Each kind as often as any other, however many files there are of it.
  const kind = dice.pick([...new Set(honest.map((file) => file.name))]);
  const { name, bytes } = dice.pick(honest.filter((file) => file.name === kind));
  const { bytes: hostile, done } = mutate(
    bytes,
    dice,
    honest.map((file) => file.bytes),
  );
  return { number, honest: name, done, bytes: hostile, settings: settingsOf(dice) };
}

function settingsOf(dice: Dice): TranscodeSettings {
  const some = <Value>(per: number, values: readonly Value[]): Value | undefined =>
    dice.thousandth(per) ? dice.pick(values) : undefined;
  const [rate, channels] = [some(200, [8000, 44_100, 48_000]), some(200, [1, 2])];
  const [gainDb, fadeOutSeconds] = [some(200, [-6, 40]), some(100, [0.1])];
  const coverSize = some(300, [16]);
  return {
    to: dice.pick(TARGET_NAMES),
    ...LIMITS,
    ...(rate !== undefined && { rate }),
    ...(channels !== undefined && { channels }),
    ...(gainDb !== undefined && { gainDb }),
    ...(fadeOutSeconds !== undefined && { fadeOutSeconds }),
    ...(coverSize !== undefined && { coverSize }),
  };
}

/** A place for hostile files, and a process that tries them. To be closed. */
export class Campaign {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millpond-fuzz-'));
  readonly #trial: Trial;

  constructor(options: TrialOptions = {}) {
    this.#trial = new Trial(options);
  }

  /** Where a hostile file lies while it is tried. */
  get path(): string {
    return join(this.#folder, 'hostile');
  }

  /** Where what is made of it appears. */
  get outputs(): string {
    return join(this.#folder, 'outputs');
  }

  try({ bytes, settings }: Pick<Hostile, 'bytes' | 'settings'>, mark?: string): Promise<Verdict> {
    writeFileSync(this.path, bytes);
    rmSync(this.outputs, { recursive: true, force: true });
    return this.#trial.try({ path: this.path, folder: this.outputs, settings }, bytes.length, mark);
  }

  /** @returns what did not hold at the end of the process */
  async close(): Promise<string[]> {
    const broken = await this.#trial.close();
    rmSync(this.#folder, { recursive: true, force: true });
    return broken;
  }
}
