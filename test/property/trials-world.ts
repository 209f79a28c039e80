/**
 * A world in which tasks are given to processes that die, and the rules of `Trials` say what becomes of them.
 * Nothing takes time; chance says what happens next.
 */
import type { Death, Trials, Verdict } from '../../src/isolation/trials.ts';

export type Nature =
  /** Ends by itself. */
  | 'good'
  /** Crashes its process whenever it runs, sooner or later. */
  | 'crashes'
  /** Never stops. */
  | 'hangs'
  /** Has its process killed by the kernel whenever it runs. */
  | 'bloats';

export interface Outcome {
  readonly task: number;
  readonly nature: Nature;
  readonly end: 'done' | 'crash' | 'hang' | 'lost';
  /** Deaths of processes in which it had begun, that nobody from outside made. */
  readonly deaths: number;
}

interface Running {
  readonly given: number[];
  readonly begun: Set<number>;
  readonly alone: boolean;
}

/** The rules, as a wrong variant of them may have them. */
export type Rules = Pick<Trials, 'died' | 'ended'>;

export interface World {
  readonly natures: readonly Nature[];
  readonly processes: number;
  readonly threads: number;
  /** Of so many steps one kills a process from outside; 0 for none. */
  readonly killsOneIn: number;
  /** 0 to below 1. */
  random(): number;
}

const MOST_STEPS = 20_000;

/** @throws where a task is tried without end, or beside others when it was to be alone */
export function play({ natures, processes, threads, killsOneIn, random }: World, rules: Rules): Outcome[] {
  const waiting = natures.map((_, task) => task + 1);
  const alone: number[] = [];
  const deaths = new Map<number, number>();
  /** Were to be tried alone at some time. */
  const tried = new Set<number>();
  const outcomes: Outcome[] = [];
  const all: Running[] = Array.from({ length: processes }, fresh);
  const pick = (below: number): number => Math.floor(random() * below);
  const natureOf = (task: number): Nature => natures[task - 1];

  function over(task: number, end: Outcome['end']): void {
    rules.ended(task);
    outcomes.push({ task, nature: natureOf(task), end, deaths: deaths.get(task) ?? 0 });
  }

  function die(at: number, death: Death): void {
    const { given, begun } = all[at];
    all[at] = fresh();
    if (death.by !== 'kill') {
      for (const task of begun) {
        if (death.by !== 'hang' || death.task === task) deaths.set(task, (deaths.get(task) ?? 0) + 1);
      }
    }
    for (const [task, verdict] of rules.died(death, given, begun)) {
      // Who was beside it has nothing to do with it, and need not show that.
      if (death.by === 'hang' && task !== death.task && !tried.has(task) && verdict !== 'again') {
        throw new Error('a task is suspected of what another did');
      }
      if (verdict === 'alone') tried.add(task);
      settle(task, verdict);
    }
  }

  function settle(task: number, verdict: Verdict): void {
    if (verdict === 'again') waiting.unshift(task);
    else if (verdict === 'alone') alone.push(task);
    else over(task, verdict);
  }

  function step(at: number): void {
    const process = all[at];
    const { given, begun } = process;
    if (killsOneIn > 0 && pick(killsOneIn) === 0) {
      die(at, { by: 'kill' });
      return;
    }
    if (given.length === 0 && alone.length > 0) {
      all[at] = { given: [alone.shift() as number], begun: new Set(), alone: true };
      return;
    }
    const room = !process.alone && alone.length === 0 && given.length < 2 * threads;
    if (room && waiting.length > 0 && pick(2) === 0) {
      given.push(waiting.splice(pick(waiting.length), 1)[0]);
      return;
    }
    const next = given.find((task) => !begun.has(task));
    if (next !== undefined && begun.size < threads && pick(2) === 0) {
      begun.add(next);
      return;
    }
    const task = [...begun][pick(Math.max(1, begun.size))];
    if (task === undefined) return;
    const nature = natureOf(task);
    if (nature === 'crashes') die(at, { by: 'crash' });
    else if (nature === 'hangs') die(at, { by: 'hang', task });
    else if (nature === 'bloats') die(at, { by: 'kill' });
    else {
      begun.delete(task);
      given.splice(given.indexOf(task), 1);
      if (given.length === 0) all[at] = fresh();
      over(task, 'done');
    }
  }

  for (let steps = 0; outcomes.length < natures.length; steps++) {
    if (steps > MOST_STEPS) throw new Error('tasks are tried without end');
    step(pick(processes));
  }
  return outcomes;
}

function fresh(): Running {
  return { given: [], begun: new Set(), alone: false };
}
