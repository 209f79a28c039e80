/**
 * Reads what a run's JSON says of its runtime, which another version of millpond may have written, or
 * something else altogether. By the schema that recordings are read by. Pure.
 */
import type * as v from 'valibot';
import { MillpondError } from '../errors.ts';
import type { JudgedFigures } from '../telemetry/health-findings.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { escaped, jsonText } from '../text/escaping.ts';
import { check } from './schemas/check.ts';
import * as schemas from './schemas/snapshot.ts';

const REMEDY = 'Give the whole output of a run with --json.';

/**
 * No more than health looks at has to be there.
 * @param origin how to call what was read
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when it is not a run's JSON, or does not hold what it should
 */
export function readJudgedFigures(origin: string, json: string): JudgedFigures {
  return read(origin, json, schemas.judgedFigures);
}

/** All of the snapshot has to be there. @throws MillpondError as {@link readJudgedFigures} */
export function readSnapshot(origin: string, json: string): Snapshot {
  return read(origin, json, schemas.snapshot);
}

function read<Value>(origin: string, json: string, schema: v.GenericSchema<unknown, Value>): Value {
  const name = escaped(origin);
  // Some shells begin a file with a byte order mark.
  const run = parsed(name, json.replace(/^\uFEFF/, '')) as Record<string, unknown> | null;
  if (run?.schema !== 'millpond.run/1') {
    const found = run?.schema === undefined ? 'none' : jsonText(run.schema);
    throw invalid(`The JSON of a run has the schema millpond.run/1; ${name} has ${found}. ${REMEDY}`);
  }
  if (run.runtime === undefined) {
    throw invalid(
      `Health is read from the field 'runtime' of a run's JSON; ${name} was written by a version of millpond that had none. Run it again with this version.`,
    );
  }
  const checked = check(schema, run.runtime);
  if (checked.fits) return checked.value;
  const { path, what } = checked;
  const found =
    what === null
      ? `that of ${name} lacks ${path}`
      : path === null
        ? `that of ${name} should be ${what}`
        : `in that of ${name} ${path} should be ${what}`;
  throw invalid(
    `The field 'runtime' of a run's JSON holds a whole snapshot; ${found}. Run it again with this version.`,
  );
}

function parsed(name: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw invalid(
      `The JSON of a run is one whole JSON object; ${name} is not: ${escaped((cause as Error).message)}. ${REMEDY}`,
      { cause },
    );
  }
}

function invalid(message: string, options?: ErrorOptions): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', message, options);
}
