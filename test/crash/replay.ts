/** Replays what a run did to its files up to any point, and loses what was not synced then. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Choices } from '../simulation/choices.ts';
import { Disk, type Found, LOSSES, type Loss } from './disk.ts';
import { type CallPoint, type Operation, operationsOf } from './operations.ts';
import type { SmallBatch } from './small-batch.ts';
import { recording } from './strace.ts';

export interface Recording {
  readonly operations: readonly Operation[];
  /**
   * Where it can be killed, without doubles. In front of an open that makes a file everything is as behind
   * the call before it, and other opens are too many to count by.
   */
  readonly points: readonly CallPoint[];
}

/** Records one whole run. */
export async function record(batch: SmallBatch): Promise<Recording> {
  batch.reset();
  const file = join(batch.folder, 'trace');
  const { code, stderr } = await batch.start(recording(file)).ended;
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  const { operations, points } = operationsOf(readFileSync(file, 'latin1'), batch.out, batch.folder);
  const counted = points.filter(({ call }) => !call.startsWith('open'));
  const unique = new Map(counted.map((point) => [`${point.call} ${point.nth}`, point]));
  return { operations, points: [...unique.values()] };
}

/** What is in the folder after so many operations and a loss. */
export function remains(
  batch: SmallBatch,
  operations: readonly Operation[],
  loss: Loss,
  choices: Choices,
): Found {
  const disk = new Disk(batch.out);
  for (const operation of operations) disk.apply(operation);
  return inFolder(batch, disk.after(loss, choices));
}

function inFolder(batch: SmallBatch, found: Found): Found {
  return new Map(
    [...found]
      .filter(([path]) => path !== batch.out)
      .map(([path, bytes]) => [relative(batch.out, Buffer.from(path, 'latin1').toString()), bytes]),
  );
}

/** Every state after each of the operations. Throws where the journal says of it what is not so. */
export async function checkPrefixes(
  batch: SmallBatch,
  operations: readonly Operation[],
  choices: Choices,
  losses: readonly Loss[] = LOSSES,
): Promise<number> {
  const disk = new Disk(batch.out);
  let checked = 0;
  for (const operation of operations) {
    disk.apply(operation);
    for (const loss of losses) {
      const found = inFolder(batch, disk.after(loss, choices));
      checked++;
      try {
        if (loss === 'none') await batch.check(found);
        else await batch.checkClaims(found);
      } catch (error) {
        const { message } = error as Error;
        throw new Error(`state ${checked}, with a loss of ${loss}: ${message}`, { cause: error });
      }
    }
  }
  return checked;
}
