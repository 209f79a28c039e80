/** What a played service did, in the figures that it promises. */
import { type Outcome, type Played, WARM_UP_MS } from './play.ts';
import type { Workload } from './workload.ts';

type SizeClass = 'short' | 'long';

interface ClassFigures {
  readonly done: number;
  /** Of (end - last byte of the body) / own service time. */
  readonly p50: number;
  readonly p99: number;
  /** The same, by the time that work would take with all cores its own. */
  readonly aloneP99: number;
  readonly refused: number;
  readonly waitP99Ms: number;
}

interface Figures {
  readonly classes: Readonly<Record<SizeClass, ClassFigures>>;
  /** Of what all cores can do. */
  readonly throughput: number;
  /**
   * Of all that ended, those whose end was right within a factor of two, as told with the body and the head.
   */
  readonly accuracy: number;
  readonly headAccuracy: number;
  readonly tickets: number;
  readonly ticketsAdmitted: number;
  readonly lateAfterBody: number;
  readonly asks: number;
  /** By client: the time of cores that it had, by its weight, as a part of what the least of them had. */
  readonly workMs: Readonly<Record<string, number>>;
}

/** The bound between short work and long. */
const SHORT_MS = 1_000;

export function measure(played: Played, { seconds, cores, clients }: Workload): Figures {
  const done = played.outcomes.filter(({ how, askedMs }) => how === 'done' && askedMs > WARM_UP_MS);
  const workMs = Object.fromEntries(clients.map(({ name }) => [name, 0]));
  for (const { request } of done) workMs[request.client.name] += request.workMs;
  return {
    classes: { short: ofClass('short', done, played), long: ofClass('long', done, played) },
    throughput: played.workMs / (cores * (seconds * 1000 - WARM_UP_MS)),
    accuracy: share(done, ({ toldMs, bodyMs, endedMs }) => near(toldMs - bodyMs, endedMs - bodyMs)),
    headAccuracy: share(done, ({ toldAtHeadMs, askedMs, endedMs }) =>
      near(toldAtHeadMs - askedMs, endedMs - askedMs),
    ),
    tickets: played.returned.length,
    ticketsAdmitted: share(played.returned, ({ admitted }) => admitted),
    lateAfterBody: played.refusals.filter(({ afterBody }) => afterBody).length,
    asks: played.asks,
    workMs,
  };
}

function ofClass(size: SizeClass, all: readonly Outcome[], played: Played): ClassFigures {
  const ofSize = (workMs: number) => (workMs <= SHORT_MS ? 'short' : 'long') === size;
  const done = all.filter(({ request }) => ofSize(request.workMs));
  const ratios = done.map(({ bodyMs, startedMs, endedMs }) => (endedMs - bodyMs) / (endedMs - startedMs));
  const alone = done.map(({ bodyMs, endedMs, request }) => (endedMs - bodyMs) / request.workMs);
  const refused = played.refusals.filter(({ request }) => ofSize(request.workMs)).length;
  return {
    done: done.length,
    p50: percentile(ratios, 0.5),
    p99: percentile(ratios, 0.99),
    aloneP99: percentile(alone, 0.99),
    refused: refused / (refused + done.length),
    waitP99Ms: percentile(
      done.map(({ bodyMs, startedMs }) => startedMs - bodyMs),
      0.99,
    ),
  };
}

function near(a: number, b: number): boolean {
  return a <= 2 * b && b <= 2 * a;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? Number.NaN : items.filter(holds).length / items.length;
}

function percentile(values: number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  return values.sort((a, b) => a - b)[Math.ceil(p * values.length) - 1];
}
