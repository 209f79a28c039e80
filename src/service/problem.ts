/** Errors as clients see them: problem documents (RFC 9457) from the one table of errors. Pure. */
import { ERROR_CODES, type ErrorCode, isMillpondError, MillpondError } from '../errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode | 'ERR_INTERNAL';
  /** Which rule was broken. */
  readonly rule: string;
  /** What was got instead; not there where the message has none. */
  readonly value?: string;
  /** What to do; not there where nothing can be said. */
  readonly remedy?: string;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** Of the request, as logs have it. */
  readonly instance: string;
  /** Holds the place of this request for some seconds. */
  readonly ticket?: string;
}

const INTERNAL = {
  title: 'The service failed.',
  status: 500,
  detail: 'Something went wrong in here; its log says more under the instance.',
  retry: true,
};

/** Messages have a rule, the value that broke it, and the remedy, in this order. */
const MESSAGE = /^(?<rule>.*?), got (?<value>.*?)(?:: |\. )(?<remedy>[A-Z].*)$/s;

/** @param instance the request's name, as logs have it */
export function problemOf(error: unknown, instance: string): Problem {
  const urn = `urn:millpond:request:${instance}`;
  if (!isMillpondError(error)) {
    const code = 'ERR_INTERNAL';
    return { type: `urn:millpond:error:${code}`, ...INTERNAL, code, rule: INTERNAL.title, instance: urn };
  }
  const { code } = error;
  const { rule, status, retry } = ERROR_CODES[code];
  const base = { type: `urn:millpond:error:${code}`, title: rule, status, code, retry, instance: urn };
  // What went wrong in here may name folders.
  if (isOurs(status)) return { ...base, detail: rule, rule };
  const parts = MESSAGE.exec(error.message)?.groups as
    | Record<'rule' | 'value' | 'remedy', string>
    | undefined;
  if (parts === undefined) return { ...base, detail: error.message, rule };
  const { rule: broken, value, remedy } = parts;
  return { ...base, detail: error.message, rule: `${broken}.`, value, remedy };
}

/** Refusals say when to come back; they are no failure. */
const REFUSALS: ReadonlySet<number> = new Set([503]);

export function isOurs(status: number): boolean {
  return status >= 500 && !REFUSALS.has(status);
}

/** What Fastify and Node's parser refuse, in our words. Others stay as they are. */
export function translated(error: unknown): unknown {
  if (isMillpondError(error) || typeof error !== 'object' || error === null) return error;
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  const known = typeof code === 'string' ? CODES[code] : undefined;
  const text = String(message).replace(/\.?$/, '.');
  if (known !== undefined) return new MillpondError(known, text, { cause: error });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new MillpondError('ERR_HTTP_INVALID', text, { cause: error });
  }
  return error;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_VALIDATION: 'ERR_INVALID_ARGUMENT',
  FST_ERR_CTP_BODY_TOO_LARGE: 'ERR_BODY_TOO_LARGE',
  FST_REQ_FILE_TOO_LARGE: 'ERR_BODY_TOO_LARGE',
  HPE_HEADER_OVERFLOW: 'ERR_HEAD_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'ERR_BODY_TOO_SLOW',
};
