/** Kills a batch at random, runs it again, and looks what is there. */
import { setTimeout as pass } from 'node:timers/promises';
import type { Choices } from '../simulation/choices.ts';
import type { CallPoint } from './operations.ts';
import { childrenOf, emptied } from './processes.ts';
import type { SmallBatch } from './small-batch.ts';
import { signalAt } from './strace.ts';

const WHOM = ['process', 'group', 'child'] as const;

type Kill =
  /** After a share of the time that an undisturbed run takes. */
  { readonly whom: (typeof WHOM)[number]; readonly share: number } | { readonly before: CallPoint };

/** What became of the runs. */
interface Tally {
  kills: number;
  /** Of those that came before the run was over. */
  died: number;
  /** Files that the journal called done when the batch went on. */
  kept: number;
  lives: number;
}

/** A batch that is killed this often at most before it may go on to its end. */
const KILLS_A_LIFE = 5;

/**
 * One batch after another is killed again and again, and then runs to its end.
 * @param runMs how long an undisturbed run takes
 */
export async function killAgainAndAgain(
  batch: SmallBatch,
  kills: readonly Kill[],
  runMs: number,
  report: (tally: Tally) => void = () => {},
): Promise<Tally> {
  const tally: Tally = { kills: 0, died: 0, kept: 0, lives: 0 };
  for (let first = 0; first < kills.length; first += KILLS_A_LIFE) {
    batch.reset();
    for (const kill of kills.slice(first, first + KILLS_A_LIFE)) {
      const done = await batch.finished();
      try {
        const ended = await runAndKill(batch, kill, runMs);
        tally.kills++;
        if (ended.code !== 0) tally.died++;
        await batch.checkKept(done);
        if (ended.code === 0) await batch.checkDone(done);
      } catch (error) {
        throw new Error(`after ${JSON.stringify(kill)}: ${(error as Error).message}`, { cause: error });
      }
    }
    tally.kept += (await batch.finished()).size;
    await batch.finish();
    tally.lives++;
    report(tally);
  }
  return tally;
}

async function runAndKill(batch: SmallBatch, kill: Kill, runMs: number) {
  const isTraced = 'before' in kill;
  const { child, ended } = batch.start(isTraced ? signalAt(kill.before, 'SIGKILL') : undefined);
  const { pid } = child;
  if (pid === undefined) return ended;
  if (!isTraced) {
    await Promise.race([pass(kill.share * runMs), ended]);
    if (kill.whom === 'group') kill9(-pid);
    else kill9((kill.whom === 'child' ? childrenOf(pid)[0] : undefined) ?? pid);
  }
  const how = await ended;
  await emptied(pid);
  // Nobody has said why, unless it was killed: the batch outlives its children.
  if (how.signal !== 'SIGKILL' && how.code !== 0) throw new Error(`ended with ${how.code}: ${how.stderr}`);
  return how;
}

function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Two at random instants for each in front of a call, where these are known. */
export function chooseKills(count: number, points: readonly CallPoint[], choices: Choices): Kill[] {
  const left: CallPoint[] = [];
  return Array.from({ length: count }, (_, kill): Kill => {
    if (kill % 3 < 2 || points.length === 0) {
      // Before it has begun with the first file there is little to lose.
      const share = (choices.once(4) ? choices.pick(1000) : 400 + choices.pick(600)) / 1000;
      return { whom: WHOM[choices.pick(WHOM.length)], share };
    }
    if (left.length === 0) left.push(...points);
    return { before: left.splice(choices.pick(left.length), 1)[0] };
  });
}
