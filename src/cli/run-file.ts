/** Reads the snapshot in a run's JSON, which another version of millpond may have written, or something else altogether. */

import { MillpondError } from '../errors.ts';
import { CAUSES } from '../pool/causes.ts';
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import { METRICS } from '../telemetry/metrics.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { escaped, jsonText } from '../text/escaping.ts';

const REMEDY = 'Give the whole output of a run with --json.';

/** Without these figures no check can be made. */
const NUMBERS: readonly string[] = [
  'uptimeSeconds',
  'budget.limitBytes',
  'budget.peakBytes',
  ...['acquires', 'hitRate', 'utilization'].map((name) => `pool.${name}`),
  ...['trims', 'trimmedBytes', 'emergencies', 'recovered'].map((name) => `cleanup.${name}`),
  ...PRESSURE_LEVELS.map((level) => `pressure.secondsAtLevel.${level}`),
  ...CAUSES.flatMap((cause) =>
    ['count', 'p50', 'p90', 'p99', 'p999', 'max'].map((name) => `latency.byCause.${cause}.${name}`),
  ),
];
const LEVELS: readonly string[] = ['pressure.level', 'pressure.ledgerLevel', 'pressure.processLevel'];

/**
 * @param origin how to call what was read
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when it is not a run's JSON, or lacks what health needs.
 */
export function readSnapshot(origin: string, json: string): Snapshot {
  // Some shells begin a file with a byte order mark.
  const run = parsed(origin, json.replace(/^\uFEFF/, ''));
  const schema = at(run, 'schema');
  if (schema !== 'millpond.run/1') {
    throw invalid(
      `The JSON of a run has the schema millpond.run/1; ${escaped(origin)} has ${schema === undefined ? 'none' : jsonText(schema)}. ${REMEDY}`,
    );
  }
  const snapshot = at(run, 'runtime');
  if (snapshot === undefined) {
    throw invalid(
      `Health is read from the field 'runtime' of a run's JSON; ${escaped(origin)} was written by a version of millpond that had none. Run it again with this version.`,
    );
  }
  const lacking =
    NUMBERS.find((path) => !Number.isFinite(at(snapshot, path))) ??
    LEVELS.find((path) => !PRESSURE_LEVELS.includes(at(snapshot, path) as never)) ??
    (typeof at(snapshot, 'pressure.emergency') === 'boolean' ? undefined : 'pressure.emergency');
  if (lacking !== undefined) throw incomplete(origin, lacking);
  return snapshot as Snapshot;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` when a figure that a metric shows is not there. */
export function checkMetrics(origin: string, snapshot: Snapshot): void {
  for (const { name, rows } of METRICS) {
    let figures: unknown[];
    try {
      figures = rows(snapshot).flatMap(([, value]): unknown[] =>
        typeof value === 'number' ? [value] : [value.count, value.p50, value.max],
      );
    } catch {
      throw incomplete(origin, name);
    }
    if (!figures.every(Number.isFinite)) throw incomplete(origin, name);
  }
}

function parsed(origin: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw invalid(
      `The JSON of a run is one whole JSON object; ${escaped(origin)} is not: ${escaped((cause as Error).message)}. ${REMEDY}`,
      { cause },
    );
  }
}

/** What lies at a path of names with dots, or undefined. */
function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value);
}

function incomplete(origin: string, what: string): MillpondError {
  return invalid(
    `The field 'runtime' of a run's JSON holds a whole snapshot; that of ${escaped(origin)} lacks ${what}. Run it again with this version.`,
  );
}

function invalid(message: string, options?: ErrorOptions): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', message, options);
}
