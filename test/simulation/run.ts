/** Runs schedules by seed; a failing one is run again, made smaller, and told. */
import { type Choices, replayed, seeded, shrink } from './choices.ts';
import { playOut } from './schedule.ts';
import { World } from './world.ts';
import type { WorldOptions } from './worlds.ts';

interface Failure {
  readonly seed: number;
  readonly error: Error;
  /** The decisions that fail, as few as were found. */
  readonly choices: readonly number[];
}

async function play(choices: Choices, options: WorldOptions, frames = 0): Promise<Error | null> {
  const { stackTraceLimit } = Error;
  // Errors are daily bread here, and their stacks a fifth of the time: only the one that is told gets one.
  Error.stackTraceLimit = frames;
  try {
    await playOut(new World(choices, options));
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What went wrong, whatever buffers and numbers it was with. */
function kindOf(error: Error | null): string | undefined {
  return error?.message.replace(/^(promise \d)|\d+/g, '$1');
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
      kindOf(await play(replayed(made), options)) === kindOf(error);
    const fewest = shrinking ? await shrink(choices.made, fails) : choices.made;
    const last = await play(replayed(fewest), options, 30);
    return { seed: seed + at, error: last ?? error, choices: fewest };
  }
  return null;
}
