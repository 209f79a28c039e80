/** Checks what was read against a schema, and says where it does not fit. Pure. */
import * as v from 'valibot';
import { valueText } from '../invalid-recording.ts';

type Checked<Value> =
  | { readonly fits: true; readonly value: Value }
  /** `path` has dots, and is null for the whole; of a field that is not there, `what` is null. */
  | { readonly fits: false; readonly path: string | null; readonly what: string | null };

/** Only the first field that does not fit is told: `what` is as in `a number from 0 to 9, got "x"`. */
export function check<Value>(schema: v.GenericSchema<unknown, Value>, given: unknown): Checked<Value> {
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) return { fits: true, value: result.output };
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const lacks = path !== null && issue.input === undefined;
  return { fits: false, path, what: lacks ? null : `${issue.message}, got ${valueText(issue.input)}` };
}
