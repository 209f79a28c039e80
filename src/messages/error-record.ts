/** Errors on their way between threads: structured cloning would drop their `code`. */
import { ERROR_CODES, type ErrorCode, MillpondError } from '../errors.ts';

/** An error in a form that keeps its code when cloned. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  readonly stack: string | undefined;
}

const STANDARD: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Never throws, whatever was thrown: not every value can be read, or made a string of. */
export function recordError(error: unknown): ErrorRecord {
  try {
    return read(error);
  } catch {
    const message = 'The job threw something that cannot be read';
    return { name: 'Error', message, code: undefined, stack: undefined };
  }
}

function read(error: unknown): ErrorRecord {
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    return { name: 'Error', message: `The job threw ${String(error)}`, code: undefined, stack: undefined };
  }
  const { name, message, code, stack } = error as Error & { code?: unknown };
  return {
    name: String(name ?? 'Error'),
    message: String(message),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    stack: typeof stack === 'string' ? stack : undefined,
  };
}

/**
 * An error of the same class where it is a standard one or a `MillpondError`, else an `Error` of the same
 * name.
 */
export function errorFrom(record: ErrorRecord): Error {
  const error =
    record.name === 'MillpondError' &&
    typeof record.code === 'string' &&
    Object.hasOwn(ERROR_CODES, record.code)
      ? new MillpondError(record.code as ErrorCode, record.message)
      : new (STANDARD[record.name] ?? Error)(record.message);
  // Not enumerable, as on errors that were made here.
  const set = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  };
  if (error.name !== record.name) set('name', record.name);
  if (record.code !== undefined && !(error instanceof MillpondError)) {
    Object.assign(error, { code: record.code });
  }
  if (record.stack !== undefined) set('stack', record.stack);
  return error;
}
