/**
 * All interleavings of a small case, depth first, each state once.
 *
 * Invariant: after every transition the promises were checked; the first that breaks ends the search, with
 * the steps that led there. What is checked knows nothing of the ledger's code: memory that exists against
 * what the rows say.
 */
import type { Case } from './cases.ts';
import { RESERVE_KIB } from './jobs.ts';
import type { Protocol } from './protocol.ts';
import { type Choice, Transitions } from './transitions.ts';
import { ALIVE, BURIED, sum, type World } from './world.ts';

export type Broken =
  | 'live memory is over the budget'
  | 'the ledger undercounts'
  | 'what outlives its task is of the reserve'
  | 'a row at rest is not what its thread holds'
  | 'the ledger is not 0 after close'
  | 'the peak is over the budget'
  | 'the peak is below what is live'
  | 'something waits for ever';

export interface Outcome {
  readonly states: number;
  readonly transitions: number;
  /** States in which nobody has anything left to do. */
  readonly ends: number;
  /** How often the ledger's code was run to learn its next step. */
  readonly runs: number;
  /** How often each kind of job was done, over all transitions. */
  readonly done: ReadonlyMap<string, number>;
  readonly broken: { readonly invariant: Broken; readonly steps: readonly string[] } | null;
}

interface Frame {
  readonly world: World;
  readonly choices: readonly Choice[];
  next: number;
}

export function search(given: Case, protocol: Protocol, most = Number.POSITIVE_INFINITY): Outcome {
  const transitions = new Transitions(given, protocol);
  const first = transitions.first();
  const seen = new Set([first.key()]);
  const path: Frame[] = [{ world: first, choices: transitions.choices(first), next: 0 }];
  let taken = 0;
  let ends = 0;
  let broken: Broken | null = null;
  while (path.length > 0 && seen.size < most) {
    const top = path[path.length - 1];
    if (top.next === top.choices.length) {
      path.pop();
      continue;
    }
    const world = top.world.copy();
    transitions.take(world, top.choices[top.next++]);
    taken++;
    broken = check(world, given);
    if (broken !== null) break;
    const known = seen.size;
    if (seen.add(world.key()).size === known) continue;
    const choices = transitions.choices(world);
    if (choices.length === 0) {
      ends++;
      broken = checkEnd(world, transitions);
      if (broken !== null) break;
    }
    path.push({ world, choices, next: 0 });
  }
  const counts = {
    states: seen.size,
    transitions: taken,
    ends,
    runs: transitions.calls.runs,
    done: transitions.done,
  };
  return {
    ...counts,
    broken: broken === null ? null : { invariant: broken, steps: retell(transitions, path) },
  };
}

function check(world: World, { budgetKib, peak = false }: Case): Broken | null {
  const { liveKib } = world;
  if (liveKib > budgetKib) return 'live memory is over the budget';
  if (world.sumKib < liveKib) return 'the ledger undercounts';
  if (world.lastingKib > budgetKib - RESERVE_KIB) return 'what outlives its task is of the reserve';
  if (peak && world.peakKib > budgetKib) return 'the peak is over the budget';
  if (!atRest(world)) return null;
  if (peak && world.peakKib < liveKib) return 'the peak is below what is live';
  return exact(world) ? null : 'a row at rest is not what its thread holds';
}

/** Nobody is in the middle of anything, and nothing is on its way to the coordinator. */
function atRest(world: World): boolean {
  return world.threads.every(
    ({ life, agenda, port, row }) =>
      port.length === 0 &&
      (life === BURIED || (life === ALIVE && (agenda.length === 0 || (row < 0 && !world.burying)))),
  );
}

function exact(world: World): boolean {
  const holds: number[] = new Array(world.rows).fill(0);
  for (const { life, row, own, lasting, inbox } of world.threads) {
    if (life === ALIVE && row >= 0)
      holds[row] += sum(own) + sum(lasting) + sum(inbox.filter((parcel) => parcel > 0));
  }
  // Of the dead nothing comes home any more.
  for (const { kib, holder } of world.open) if (world.threads[holder].life === ALIVE) holds[0] += kib;
  return holds.every((kib, row) => world.chargedKib(row) === kib);
}

function checkEnd(world: World, transitions: Transitions): Broken | null {
  if (!atRest(world)) return 'something waits for ever';
  const closed = world.copy();
  transitions.close(closed);
  return closed.sumKib === 0 && closed.liveKib === 0 ? null : 'the ledger is not 0 after close';
}

/** The steps of a path in words. */
function retell(transitions: Transitions, path: readonly Frame[]): string[] {
  const steps: string[] = [];
  for (const { world, choices, next } of path) {
    const choice = choices[next - 1];
    if (choice !== undefined) transitions.take(world.copy(), choice, (step) => steps.push(step));
  }
  return steps;
}
