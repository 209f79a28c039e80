/** The options of a recording: where it goes and what it is called. Pure. */
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';

export interface RecordOptions {
  /**
   * The file, absolute or from the working directory. Made, or replaced when it holds a recording; anything
   * else is refused.
   */
  readonly path: string;
  /** What the run is called in reports, 500 characters at most. Default: the name of the job's file. */
  readonly label?: string;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function resolveRecord(given: string | RecordOptions): RecordOptions {
  const record = typeof given === 'string' ? { path: given } : given;
  const { path, label } = (record ?? {}) as Partial<Record<keyof RecordOptions, unknown>>;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `record is the path of a file, or { path, label }, got ${jsonText(given)}. Write for example 'run.millpond', or leave it out.`,
    );
  }
  if (label !== undefined && typeof label !== 'string') {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `The label of a recording is a string, got ${String(label)}. Leave it out for the name of the job's file.`,
    );
  }
  return { path, ...(label !== undefined && { label }) };
}
