/** Requests for memory that may be refused. */
import { isMillpondError } from '../../src/errors.ts';

/** Errors that a request for memory may end with. */
export const REFUSALS: readonly string[] = [
  'ERR_BUDGET_EXHAUSTED',
  'ERR_TASK_WAITING',
  'ERR_ALLOCATION_FAILED',
  'ERR_REQUEST_TOO_LARGE',
  'ERR_RUNTIME_CLOSED',
];

/** Undefined when memory was refused; any other error is one. */
export function refusable<T>(action: () => T, refused: (code: string) => void = () => {}): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isMillpondError(error) && (REFUSALS.includes(error.code) || error.code === 'ERR_LEASE_PINNED')) {
      refused(error.code);
      return undefined;
    }
    throw error;
  }
}
