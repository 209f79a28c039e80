/** Errors of requests that end without memory for another reason than lack of it. */
import { MillpondError } from '../errors.ts';

export function closedError(): MillpondError {
  return new MillpondError(
    'ERR_RUNTIME_CLOSED',
    'A pool lends memory until its runtime is closed; the runtime of this one is closed. Create another runtime, or close later.',
  );
}

export function taskEndedError(): MillpondError {
  return new MillpondError(
    'ERR_TASK_WAITING',
    'A lease is acquired within its task; the task ended while it waited for memory. Await every acquireAsync before the job returns.',
  );
}

export function cancelledError(): MillpondError {
  return new MillpondError(
    'ERR_TASK_WAITING',
    'A cancelled task gets no more memory; it was waiting for some. Nothing needs to be done.',
  );
}
