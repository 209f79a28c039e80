/** What played services did, in the figures that they promise. */
import { type Outcome, type Played, WARM_UP_MS } from './play.ts';
import type { Workload } from './workload.ts';

type SizeClass = 'short' | 'long';

interface ClassFigures {
  readonly done: number;
  /** Of (end - last byte of the body) / own service time. */
  readonly p50: number;
  readonly p99: number;
  /** The same, by the time that work would take with a core of its own. */
  readonly aloneP99: number;
  /** Of all answers. */
  readonly refused: number;
  readonly waitP99Ms: number;
  /** Of what all cores can do. */
  readonly throughput: number;
}

export interface Figures {
  readonly classes: Readonly<Record<SizeClass, ClassFigures>>;
  /** Of what all cores can do. */
  readonly throughput: number;
  /** Of those whose end was right within a factor of two, as told with the whole body, and at the head. */
  readonly accuracy: number;
  readonly headAccuracy: number;
  readonly tickets: number;
  /** Of those that came back on time with one. */
  readonly ticketsAdmitted: number;
  /** Of what was admitted: refused with its whole body, and done after its time. */
  readonly lateAfterBody: number;
  readonly overdue: number;
  readonly asks: number;
  /** By client: the time of cores that it had, as a part of what a usual one had. */
  readonly shares: Readonly<Record<string, number>>;
  /** What admission thinks is still there after all is over. */
  readonly left: number;
  readonly inVain: number;
}

/** The bound between short work and long. */
const SHORT_MS = 1_000;

export function measure(plays: readonly Played[], workload: Workload): Figures {
  const { seconds, cores, clients, withinMs } = workload;
  const all = plays.flatMap(({ outcomes }) => outcomes.filter(({ askedMs }) => askedMs > WARM_UP_MS));
  const done = all.filter(({ how }) => how === 'done');
  const returned = plays.flatMap((played) => played.returned);
  const refusals = plays.flatMap((played) => played.refusals);
  const capacityMs = plays.length * cores * (seconds * 1000 - WARM_UP_MS);
  const ofClass = (size: SizeClass): ClassFigures => {
    const ofSize = (workMs: number) => (workMs <= SHORT_MS ? 'short' : 'long') === size;
    const own = done.filter(({ request }) => ofSize(request.workMs));
    const refused = refusals.filter(({ request }) => ofSize(request.workMs)).length;
    return {
      ...stretchOf(own),
      refused: refused / (refused + own.length),
      throughput: workOf(own) / capacityMs,
    };
  };
  const usual = clients.filter(({ weight, rate }) => weight === 1 && rate === 1);
  const shareOf = (name: string) => workOf(done.filter(({ request }) => request.client.name === name));
  const usualMs = usual.reduce((sum, { name }) => sum + shareOf(name), 0) / usual.length;
  return {
    classes: { short: ofClass('short'), long: ofClass('long') },
    throughput: plays.reduce((sum, { workMs }) => sum + workMs, 0) / capacityMs,
    accuracy: part(done, ({ toldMs, bodyMs, endedMs }) => near(toldMs - bodyMs, endedMs - bodyMs)),
    headAccuracy: part(done, ({ toldAtHeadMs, askedMs, endedMs }) =>
      near(toldAtHeadMs - askedMs, endedMs - askedMs),
    ),
    tickets: returned.length,
    ticketsAdmitted: part(returned, ({ admitted }) => admitted),
    lateAfterBody: part(all, ({ how }) => how === 'late'),
    overdue: part(done, ({ endedMs, askedMs }) => endedMs - askedMs > withinMs),
    asks: plays.reduce((sum, { asks }) => sum + asks, 0),
    shares: Object.fromEntries(clients.map(({ name }) => [name, shareOf(name) / usualMs])),
    inVain: plays.reduce((sum, { inVain }) => sum + inVain, 0),
    left: plays.reduce((sum, { left }) => {
      const { coming, waiting, running, bytes } = left;
      return sum + coming + waiting + running.short + running.long + bytes;
    }, 0),
  };
}

function stretchOf(own: readonly Outcome[]): Omit<ClassFigures, 'refused' | 'throughput'> {
  const ratios = own.map(({ bodyMs, startedMs, endedMs }) => (endedMs - bodyMs) / (endedMs - startedMs));
  const alone = own.map(({ bodyMs, endedMs, request }) => (endedMs - bodyMs) / request.workMs);
  const waits = own.map(({ bodyMs, startedMs }) => startedMs - bodyMs);
  return {
    done: own.length,
    p50: percentile(ratios, 0.5),
    p99: percentile(ratios, 0.99),
    aloneP99: percentile(alone, 0.99),
    waitP99Ms: percentile(waits, 0.99),
  };
}

function workOf(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { request }) => sum + request.workMs, 0);
}

function near(a: number, b: number): boolean {
  return a <= 2 * b && b <= 2 * a;
}

function part<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? Number.NaN : items.filter(holds).length / items.length;
}

function percentile(values: number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  return values.sort((a, b) => a - b)[Math.ceil(p * values.length) - 1];
}
