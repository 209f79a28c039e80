/**
 * Figures of the front and of all processes behind it, in one exposition. The values are read anew for each
 * scrape; only what has no other owner is counted here: requests by their answer, and how long they took.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { register } from '../telemetry/prometheus.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { AdmissionFigures } from './admission/figures.ts';
import type { Results } from './results.ts';
import type { WorkDir } from './work-dir.ts';

interface Measured {
  readonly runner: { snapshot(): Snapshot; readonly pids: readonly number[]; readonly ownUsedBytes: number };
  readonly results: Results;
  readonly workDir: WorkDir;
  /** Of results in memory, those that are on their way too. */
  resultBytes(): number;
  admission(): AdmissionFigures;
  /** Open ones. */
  connections(): number;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

type Labels = Readonly<Record<string, string>>;
type Row = readonly [labels: Labels, value: number];
/** One without labels, or one for each of them. */
type Value = () => number | readonly Row[];

function rowsOf(value: number | readonly Row[]): readonly Row[] {
  return typeof value === 'number' ? [[{}, value]] : value;
}

export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'route' | 'status'>;
  readonly #seconds: Histogram<'route'>;

  constructor({ runner, results, resultBytes, workDir, admission, connections }: Measured) {
    register(runner, this.#registry);
    const registers = [this.#registry];
    const settings = (name: string, help: string, value: Value) => ({
      name: `millpond_service_${name}`,
      help,
      labelNames: Object.keys(rowsOf(value())[0][0]),
      registers,
    });
    const gauge = (name: string, help: string, value: Value): void => {
      new Gauge({
        ...settings(name, help, value),
        collect() {
          for (const [labels, now] of rowsOf(value())) this.set(labels, now);
        },
      });
    };
    const counter = (name: string, help: string, value: Value): void => {
      new Counter({
        ...settings(`${name}_total`, help, value),
        collect() {
          this.reset();
          for (const [labels, now] of rowsOf(value())) this.inc(labels, now);
        },
      });
    };
    gauge('places', 'Admitted requests, by where they are.', () => {
      const { coming, waiting, running } = admission();
      const states = { coming, waiting, 'running short': running.short, 'running long': running.long };
      return Object.entries(states).map(([state, count]) => [{ state }, count]);
    });
    gauge(
      'body_bytes',
      'What bodies of admitted requests hold, by what they said or are.',
      () => admission().bytes,
    );
    gauge(
      'demand_ratio',
      'Work that was asked for lately, as a part of what all cores can do.',
      () => admission().demand,
    );
    gauge('wait_seconds', 'Until work that came now would start.', () => {
      const { short, long } = admission().waitMs;
      return [
        [{ lane: 'short' }, short / 1000],
        [{ lane: 'long' }, long / 1000],
      ];
    });
    counter('admitted', 'Requests that got a place.', () => admission().admitted);
    counter('refused', 'Requests that got none, by why.', () =>
      Object.entries(admission().refused).map(([why, count]) => [{ why }, count]),
    );
    counter('tickets', 'Places that were held for those who were refused, and those that were taken.', () => {
      const { given, used } = admission().tickets;
      return [
        [{ state: 'given' }, given],
        [{ state: 'used' }, used],
      ];
    });
    counter('predictions', 'Ends that were told, and of these what ended within a factor of two.', () => {
      const { told, right } = admission().predictions;
      return [
        [{ state: 'told' }, told],
        [{ state: 'right' }, right],
      ];
    });
    gauge('work_dir_used_bytes', 'What is reserved in the work directory.', () => workDir.usedBytes);
    gauge('work_dir_limit_bytes', 'The most that may be.', () => workDir.limitBytes);
    gauge('results', 'Results that can be fetched again.', () => results.size);
    gauge(
      'results_memory_bytes',
      'What results hold of memory, until they are forgotten and nobody reads them.',
      resultBytes,
    );
    gauge('memory_used_bytes', 'Of the budget, what the front has charged.', () => runner.ownUsedBytes);
    gauge('connections', 'Open connections.', connections);
    gauge('processes', 'Processes behind the front, the spare one too.', () => runner.pids.length);
    this.#requests = new Counter({
      name: 'millpond_service_requests_total',
      help: 'Answered requests. Status 499 is of those whose client went before.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'millpond_service_request_seconds',
      help: 'From the head of a request to the end of its answer.',
      labelNames: ['route'],
      buckets: SECONDS,
      registers,
    });
  }

  answered(route: string, status: number, ms: number): void {
    this.#requests.inc({ route, status: `${status}` });
    this.#seconds.observe({ route }, ms / 1000);
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
