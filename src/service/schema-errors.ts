/** What a request breaks of the schemas, in the words of all other errors: rule, value, remedy. Pure. */
import type { FastifySchemaValidationError } from 'fastify';
import { MillpondError } from '../errors.ts';
import { didYouMean } from '../report/nearest-name.ts';
import { shortened } from '../text/escaping.ts';

const MOST_VALUE = 100;

/** As the validator tells it when it is asked for all (`verbose`). */
interface Broken extends FastifySchemaValidationError {
  /** What was got. */
  readonly data?: unknown;
  /** That of the value, or of the object where its names are at fault. */
  readonly parentSchema?: Schema;
}

interface Schema {
  readonly title?: string;
  readonly type?: string;
  readonly enum?: readonly (string | number)[];
  readonly examples?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Where the values of a request stand. */
const PLACES: Readonly<Record<string, string>> = {
  querystring: 'The query of a request',
  params: 'The path of a request',
};

/** The first one that is broken. */
export function schemaError(errors: readonly FastifySchemaValidationError[], place: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', messageOf(errors[0], PLACES[place] ?? place));
}

function messageOf(
  { keyword, params, instancePath, data, parentSchema = {} }: Broken,
  place: string,
): string {
  const { properties = {} } = parentSchema;
  if (keyword === 'required') {
    const name = params.missingProperty as string;
    const schema = properties[name] ?? {};
    return `${place} has ${name}, which is ${kindOf(schema)}, got none. ${exampleOf(name, schema)}`;
  }
  if (keyword === 'additionalProperties') {
    const name = params.additionalProperty as string;
    const names = Object.keys(properties);
    return `${place} has ${names.join(', ')}, got ${written(name)}.${didYouMean(name, names) || ' Leave it out.'}`;
  }
  const name = instancePath.split('/')[1] ?? place;
  const remedy =
    place === PLACES.params ? 'Take it from Content-Location.' : remedyOf(name, data, parentSchema);
  return `${name} is ${kindOf(parentSchema)}, got ${written(data)}. ${remedy}`;
}

function kindOf({ title, type, enum: names, minimum, maximum, minLength, maxLength }: Schema): string {
  if (title !== undefined) return title;
  if (names !== undefined) return `one of ${names.join(', ')}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return `${minLength} to ${maxLength} letters`;
  return `a ${type === 'integer' ? 'whole number' : 'number'} from ${minimum} to ${maximum}`;
}

function remedyOf(name: string, value: unknown, schema: Schema): string {
  if (Array.isArray(value)) return `Write ${name} once.`;
  const near = schema.enum === undefined ? '' : didYouMean(String(value), schema.enum.map(String));
  return near.trimStart() || exampleOf(name, schema);
}

function exampleOf(name: string, { examples, enum: names, type, maxLength }: Schema): string {
  const example = examples?.[0] ?? names?.[0];
  if (example !== undefined) return `Write for example ${name}=${example}.`;
  if (type === 'boolean') return `Write ${name}=true, or leave it out.`;
  return `Write ${maxLength} of them at the most, or leave it out.`;
}

function written(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'nothing', MOST_VALUE);
}
