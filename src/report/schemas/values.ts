/**
 * What the fields of a recording are made of. Each says in its message what it takes, for the error that
 * shows what it got. Pure.
 */
import * as v from 'valibot';
import { shortened } from '../../text/escaping.ts';

/** Shard 0 is the main thread; a runtime has 1024 workers at most. */
const MOST_SHARD = 1024;
/** 30 years. */
const MOST_SECONDS = 1e9;
/** Far over all sums of nanoseconds, and far from what a double can hold. */
const MOST_NUMBER = 1e30;

function number(least: number, most: number) {
  const message = `a number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.minValue(least, message), v.maxValue(most, message));
}

function wholeNumber(least: number, most: number) {
  const message = `a whole number from ${least} to ${most === Number.MAX_SAFE_INTEGER ? '2^53' : most}`;
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

/** Of things, or of bytes. */
export const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);
export const version = wholeNumber(1, Number.MAX_SAFE_INTEGER);
export const exitCode = wholeNumber(-(2 ** 31), 2 ** 32);
export const shard = wholeNumber(0, MOST_SHARD);
/** Of a lease: -1 where it is no longer known whose it was. */
export const holder = wholeNumber(-1, MOST_SHARD);
export const cores = number(0, 1e6);
export const seconds = number(0, MOST_SECONDS);
/** Of whatever unit, not less than nothing. */
export const amount = number(0, MOST_NUMBER);
export const level = number(-MOST_NUMBER, MOST_NUMBER);
/** 0 to 1; a measured load may be a little over. */
export const share = number(0, 1000);
export const flag = v.boolean('true or false');

/** Cut where it is longer: names are not trusted. */
export function text(most: number) {
  return v.pipe(
    v.string('a text'),
    v.transform((given) => shortened(given, most)),
  );
}

export function oneOf<const Names extends readonly string[]>(names: Names) {
  return v.picklist(names, `one of ${names.join(', ')}`);
}

export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, 'an object with all its fields');
}

export function listOf<Schema extends v.GenericSchema>(schema: Schema) {
  return v.array(schema, 'a list');
}

/** The same under each name. */
export function each<Name extends string, Schema extends v.GenericSchema>(
  names: readonly Name[],
  schema: Schema,
) {
  return fields(Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, Schema>);
}

/** The same under whatever names there are; a name like `constructor` is one like any other. */
export function named<Schema extends v.GenericSchema>(schema: Schema) {
  const entry = v.strictTuple([v.string('a name'), schema], 'a name and a value');
  return v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(
      (given) => typeof given === 'object' && given !== null && !Array.isArray(given),
      'an object',
    ),
    v.transform((given) => Object.entries(given)),
    listOf(entry),
    v.transform((entries): Record<string, v.InferOutput<Schema>> => Object.fromEntries(entries)),
  );
}

/** The same under each name that is there. */
export function some<Name extends string, Schema extends v.GenericSchema>(
  names: readonly Name[],
  schema: Schema,
) {
  const entries = Object.fromEntries(names.map((name) => [name, v.optional(schema)]));
  return fields(entries as Record<Name, v.OptionalSchema<Schema, undefined>>);
}
