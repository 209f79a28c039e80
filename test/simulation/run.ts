/** Runs schedules by seed; a failing one is run again, made smaller, and told. */
import { type Choices, replayed, seeded, shrink } from './choices.ts';
import { World, type WorldOptions } from './world.ts';

export interface Failure {
  readonly seed: number;
  readonly error: Error;
  /** The decisions that fail, as few as were found. */
  readonly choices: readonly number[];
}

async function play(choices: Choices, options: WorldOptions): Promise<Error | null> {
  try {
    await new World(choices, options).play();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Plays schedules from `seed` on; null when none fails. */
export async function simulate(
  schedules: number,
  seed: number,
  options: WorldOptions,
  shrinking = true,
): Promise<Failure | null> {
  for (let at = 0; at < schedules; at++) {
    const choices = seeded(seed + at);
    const error = await play(choices, options);
    if (error === null) continue;
    const fails = async (made: readonly number[]): Promise<boolean> =>
      (await play(replayed(made), options))?.message.slice(0, 8) === error.message.slice(0, 8);
    const fewest = shrinking ? await shrink(choices.made, fails) : choices.made;
    const last = await play(replayed(fewest), options);
    return { seed: seed + at, error: last ?? error, choices: fewest };
  }
  return null;
}
