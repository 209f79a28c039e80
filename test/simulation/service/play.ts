/**
 * A service under load, with no time passing: admission as it is, and around it cores that threads share,
 * bodies that come, clients that leave and come back. Requests come on their own schedule, whatever becomes
 * of those before (open loop). In the end nobody asks any more, and what was admitted goes on until it is
 * over.
 */
import { Admission } from '../../../src/service/admission/admission.ts';
import type { Refused } from '../../../src/service/admission/asked.ts';
import type { Entry } from '../../../src/service/admission/entry.ts';
import type { AdmissionFigures } from '../../../src/service/admission/figures.ts';
import { ADMISSION_DEFAULTS, type AdmissionSettings } from '../../../src/service/admission/settings.ts';
import { seeded } from '../choices.ts';
import { Events } from './events.ts';
import {
  askingClient,
  exponential,
  meanWorkMs,
  part,
  type Request,
  request,
  type Workload,
} from './workload.ts';

/** What became of a request that was admitted. */
export interface Outcome {
  readonly request: Request;
  readonly entry: Entry;
  readonly askedMs: number;
  bodyMs: number;
  startedMs: number;
  endedMs: number;
  /** As told at the head, and when the body was whole. */
  toldAtHeadMs: number;
  toldMs: number;
  how: 'open' | 'done' | 'left' | 'late';
}

/** One answer to a request that said no. */
interface Refusal {
  readonly request: Request;
  readonly atMs: number;
  readonly refused: Refused;
  readonly afterBody: boolean;
}

export interface Played {
  readonly outcomes: Outcome[];
  readonly refusals: Refusal[];
  /** Of those with a ticket that came back on time: whether it was admitted. */
  readonly returned: { readonly request: Request; readonly admitted: boolean; readonly why: string }[];
  readonly asks: number;
  /** Work that was started after its client had left. */
  readonly inVain: number;
  /** Of all cores, between the warm-up and the end. */
  readonly workMs: number;
  /** What admission thinks is still there after all is over. */
  readonly left: AdmissionFigures;
}

interface Run {
  readonly outcome: Outcome;
  /** Of the clock of work. */
  endWorkMs: number;
}

/** Before that nothing is counted: the service learns how quick it is. */
export const WARM_UP_MS = 30_000;
/** A cancelled task ends within one block. */
const BLOCK_MS = 20;

export function play(workload: Workload, seed: number, parts: Partial<AdmissionSettings> = {}): Played {
  const chance = seeded(seed);
  const jitter = seeded(seed + 1);
  const { cores } = workload;
  const weights = new Map(workload.clients.map(({ name, weight }) => [name, weight]));
  const settings: AdmissionSettings = {
    ...ADMISSION_DEFAULTS,
    cores,
    mostBytes: 2 ** 31,
    weightOf: (client) => weights.get(client) ?? 1,
    random: () => part(jitter),
    ...parts,
  };
  const admission = new Admission(settings, 0);
  const endMs = workload.seconds * 1000;
  const events = new Events();
  const running = new Set<Run>();
  const runs = new Map<Entry, Run>();
  const outcomes = new Map<Entry, Outcome>();
  const played: Omit<Played, 'left'> & { workMs: number; asks: number; inVain: number } = {
    outcomes: [],
    refusals: [],
    returned: [],
    asks: 0,
    inVain: 0,
    workMs: 0,
  };
  let nowMs = 0;
  let workMs = 0;
  const slowing = () => Math.max(1, running.size / cores);

  /** Lets time go on, and the cores with it. */
  function advance(toMs: number): void {
    const passedMs = toMs - nowMs;
    if (passedMs <= 0) return;
    workMs += passedMs / slowing();
    const countedMs = Math.min(toMs, endMs) - Math.max(nowMs, WARM_UP_MS);
    if (countedMs > 0) played.workMs += countedMs * Math.min(running.size, cores);
    nowMs = toMs;
  }

  function firstToEnd(): Run | null {
    let first: Run | null = null;
    for (const run of running) if (first === null || run.endWorkMs < first.endWorkMs) first = run;
    return first;
  }

  function turn(): void {
    for (const { entry, refused } of admission.late(nowMs)) {
      const outcome = outcomes.get(entry) as Outcome;
      outcome.how = 'late';
      refusedWith(outcome.request, refused, true);
    }
    for (let entry = admission.next(nowMs); entry !== null; entry = admission.next(nowMs)) {
      const outcome = outcomes.get(entry) as Outcome;
      outcome.startedMs = nowMs;
      if (outcome.how === 'left') played.inVain++;
      const run = { outcome, endWorkMs: workMs + outcome.request.workMs };
      running.add(run);
      runs.set(entry, run);
    }
  }

  function ask(asking: Request, ticket?: string, onTime = false): void {
    played.asks++;
    const { client, headKind, headSeconds, bytes } = asking;
    const answer = admission.ask(
      {
        client: client.name,
        kind: headKind,
        bodyBytes: bytes,
        seconds: headSeconds,
        priority: client.priority ?? 0,
        withinMs: workload.withinMs,
        ticket,
      },
      nowMs,
    );
    if (ticket !== undefined && onTime && nowMs > WARM_UP_MS) {
      played.returned.push({
        request: asking,
        admitted: answer.admitted,
        why: answer.admitted ? '' : answer.why,
      });
    }
    if (!answer.admitted) {
      refusedWith(asking, answer, false);
      return;
    }
    const { entry } = answer;
    const outcome: Outcome = {
      request: asking,
      entry,
      askedMs: nowMs,
      bodyMs: Number.NaN,
      startedMs: Number.NaN,
      endedMs: Number.NaN,
      toldAtHeadMs: entry.expectedEndMs,
      toldMs: Number.NaN,
      how: 'open',
    };
    outcomes.set(entry, outcome);
    played.outcomes.push(outcome);
    events.add(nowMs + asking.uploadMs, () => body(outcome));
  }

  function body(outcome: Outcome): void {
    const { kind, bytes, probedSeconds, leavesMs } = outcome.request;
    outcome.bodyMs = nowMs;
    const answer = admission.arrived(outcome.entry, { kind, bytes, seconds: probedSeconds }, nowMs);
    if (!answer.admitted) {
      outcome.how = 'late';
      refusedWith(outcome.request, answer, true);
      return;
    }
    outcome.toldMs = outcome.entry.expectedEndMs;
    if (leavesMs !== null) events.add(nowMs + leavesMs, () => leave(outcome));
  }

  function leave(outcome: Outcome): void {
    if (outcome.how !== 'open') return;
    outcome.how = 'left';
    admission.gone(outcome.entry);
    const run = runs.get(outcome.entry);
    if (run !== undefined) run.endWorkMs = Math.min(run.endWorkMs, workMs + BLOCK_MS);
  }

  function end(run: Run): void {
    const { outcome } = run;
    running.delete(run);
    runs.delete(outcome.entry);
    outcome.endedMs = nowMs;
    admission.ended(outcome.entry, outcome.how === 'left' ? 'cancelled' : 'done', nowMs);
    if (outcome.how === 'open') outcome.how = 'done';
  }

  function refusedWith(asking: Request, refused: Refused, afterBody: boolean): void {
    if (nowMs > WARM_UP_MS) played.refusals.push({ request: asking, atMs: nowMs, refused, afterBody });
    const { retryAfterMs, ticket } = refused;
    if (retryAfterMs === null || part(chance) >= workload.returns || nowMs > endMs) return;
    // Most come back within the second that they were told, some within the next few.
    const lateMs = exponential(chance, 500);
    const onTime = lateMs <= settings.ticketHoldMs;
    events.add(nowMs + retryAfterMs + lateMs, () => ask(asking, ticket ?? undefined, onTime));
  }

  const meanMs = meanWorkMs(seeded(seed + 2), workload) / (cores * workload.load);
  const arrive = (): void => {
    if (nowMs > endMs) return;
    ask(request(chance, askingClient(chance, workload), workload));
    events.add(nowMs + exponential(chance, meanMs), arrive);
  };
  events.add(0, arrive);
  for (;;) {
    const run = firstToEnd();
    const runMs = run === null ? Infinity : nowMs + (run.endWorkMs - workMs) * slowing();
    const lookMs = Math.max(nowMs, admission.lookMs(nowMs));
    const toMs = Math.min(runMs, events.firstMs, lookMs);
    if (toMs === Infinity) return { ...played, left: admission.figures(nowMs) };
    advance(toMs);
    if (run !== null && runMs <= toMs) end(run);
    else if (events.firstMs <= toMs) events.take();
    turn();
  }
}
