/** Who acquired a lease. */

/** Callers that are remembered; a deeper stack takes longer to walk (docs/decisions/060). */
const CALLERS = 6;

/** Where a lease was acquired. Its text is made when it is asked for, as that of an error is. */
export class Trace {
  readonly name = 'Error';
  readonly message = 'acquired here';
  readonly stack?: string;

  /** @param entry a function of the pool that is running: its callers are remembered, nothing above it */
  constructor(entry: (...given: never[]) => unknown) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = CALLERS;
    Error.captureStackTrace(this, entry);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
