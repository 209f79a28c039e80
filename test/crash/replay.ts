/** Replays what a run did to its files up to any point, and loses what was not synced then. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Choices } from '../simulation/choices.ts';
import { Disk, type Found, LOSSES, type Loss } from './disk.ts';
import { type CallPoint, type Operation, operationsOf } from './operations.ts';
import type { SmallBatch } from './small-batch.ts';
import { recording } from './strace.ts';

interface Recording {
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
  batch.keep();
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

/** The same, if some of the syncs had not been asked for. */
export function withoutSyncs(
  operations: readonly Operation[],
  isLeftOut: (of: number | string) => boolean,
): Operation[] {
  // In their places stand syncs of nothing: others count what was done before them.
  return operations.map((operation) =>
    operation.kind === 'sync' && isLeftOut(operation.of) ? { ...operation, after: 0 } : operation,
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

/** Power losses at random instants, after each of which the batch goes on to its end. */
export async function recover(
  batch: SmallBatch,
  operations: readonly Operation[],
  count: number,
  choices: Choices,
): Promise<void> {
  for (let run = 0; run < count; run++) {
    const [prefix, loss] = [1 + choices.pick(operations.length), LOSSES[choices.pick(LOSSES.length)]];
    // What the journal had planned is not taken for whole, though it is there.
    const options = choices.once(2) ? ['--skip-existing'] : [];
    const found = remains(batch, operations.slice(0, prefix), loss, choices);
    try {
      await batch.recover(found, options);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`after ${prefix} operations, a loss of ${loss} and ${options}: ${message}`, {
        cause: error,
      });
    }
  }
}
