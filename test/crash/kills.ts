/** Kills a batch at random, runs it again, and looks what is there. */
import { mkdirSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { setTimeout as pass } from 'node:timers/promises';
import type { Choices } from '../simulation/choices.ts';
import type { CallPoint } from './operations.ts';
import { childrenOf, emptied } from './processes.ts';
import type { SmallBatch } from './small-batch.ts';
import { signalAt } from './strace.ts';

const WHOM = ['process', 'group', 'child'] as const;

type Kill =
  /** After a share of the time that an undisturbed run takes. */
  | { readonly whom: (typeof WHOM)[number]; readonly share: number }
  /** So soon after the nth change in the folder of the outputs. */
  | { readonly whom: (typeof WHOM)[number]; readonly changes: number; readonly afterMs: number }
  | { readonly before: CallPoint };

/** What became of the runs. */
interface Tally {
  kills: number;
  /** Of those that were sent in front of a call. */
  beforeCalls: number;
  /** Kills of a child alone, which its batch outlived. */
  children: number;
  /** Batches that came to their end. */
  batches: number;
  /** Files that the journal called done when the batch went on. */
  kept: number;
}

/** A batch that is killed this often goes on to its end undisturbed. */
const KILLS_A_BATCH = 6;

/**
 * Batches are killed again and again, until there were so many kills, and run to their ends.
 * @param points calls of an undisturbed run, each of which is met before one is met again
 * @param runMs how long an undisturbed run takes
 */
export async function killAgainAndAgain(
  batch: SmallBatch,
  count: number,
  { points, runMs }: { readonly points: readonly CallPoint[]; readonly runMs: number },
  choices: Choices,
  report: (tally: Tally) => void = () => {},
): Promise<Tally> {
  const tally: Tally = { kills: 0, beforeCalls: 0, children: 0, batches: 0, kept: 0 };
  const left: CallPoint[] = [];
  while (tally.kills < count) {
    batch.reset();
    let isDone = false;
    for (let run = 0; run < KILLS_A_BATCH && tally.kills < count && !isDone; run++) {
      if (left.length === 0) left.push(...points);
      const kill = chooseKill(left, run, choices);
      try {
        const done = await batch.finished();
        tally.kept += done.size;
        const died = await runAndKill(batch, kill, runMs);
        isDone = died !== 'process';
        if (died === 'child') tally.children++;
        await batch.checkKept(done);
        if (isDone) await batch.checkDone(done);
      } catch (error) {
        throw new Error(`after ${JSON.stringify(kill)}: ${(error as Error).message}`, { cause: error });
      }
      if (isDone) continue;
      tally.kills++;
      if ('before' in kill) tally.beforeCalls++;
    }
    if (!isDone) await batch.finish();
    tally.batches++;
    report(tally);
  }
  return tally;
}

/**
 * In front of a call mostly where a batch begins: one that goes on has fewer of them.
 * @param left calls that were not met yet; what is taken goes
 */
function chooseKill(left: CallPoint[], run: number, choices: Choices): Kill {
  if (left.length > 0 && choices.once(run === 0 ? 2 : 6)) {
    return { before: left.splice(choices.pick(left.length), 1)[0] };
  }
  const whom = WHOM[choices.pick(WHOM.length)];
  if (choices.once(4)) return { whom, share: choices.pick(1000) / 1000 };
  // Before it has begun with the first file there is little to lose.
  return { whom, changes: 1 + choices.pick(run === 0 ? 20 : 8), afterMs: choices.pick(5) };
}

/** @returns who was killed before the end of the run */
async function runAndKill(batch: SmallBatch, kill: Kill, runMs: number): Promise<'process' | 'child' | null> {
  const isTraced = 'before' in kill;
  mkdirSync(batch.out, { recursive: true });
  const { child, ended } = batch.start(isTraced ? signalAt(kill.before, 'SIGKILL') : undefined);
  const { pid } = child;
  if (pid === undefined) throw new Error((await ended).stderr);
  let own: number | undefined;
  if (!isTraced) {
    if ('share' in kill) await Promise.race([pass(kill.share * runMs), ended]);
    else await changesIn(batch.out, kill.changes, ended).then(() => pass(kill.afterMs));
    if (kill.whom === 'child') [own] = childrenOf(pid);
    kill9(own ?? (kill.whom === 'group' ? -pid : pid));
  }
  const { signal, code, stderr } = await ended;
  await emptied(pid);
  if (signal === 'SIGKILL') return 'process';
  // A child that dies before it has loaded its jobs ends the batch: another one might, too.
  const mayBeChild = isTraced || own !== undefined;
  if (mayBeChild && stderr.includes('(ERR_WORKER_BOOTSTRAP)')) return 'process';
  // Each of its children dies in front of that call: no file gets through, and none is accused.
  if (isTraced && stderr.includes('(ERR_WORKER_LOST)')) return 'process';
  // A batch outlives its other children, and nobody says that a file was at fault.
  if (code !== 0) throw new Error(`ended with ${code} ${signal}: ${stderr}`);
  return own === undefined ? null : 'child';
}

/** Resolves at the nth change in a folder, or when nothing more can change. */
async function changesIn(folder: string, count: number, ended: Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  void ended.then(() => stop.abort());
  try {
    let seen = 0;
    for await (const _ of watch(folder, { signal: stop.signal })) if (++seen === count) return;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
