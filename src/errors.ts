/**
 * Every error that millpond raises by itself. Codes are stable: they may be added to, never renamed.
 * A message gives the rule, the value that broke it and the remedy, in this order.
 */
export const ERROR_CODES = {
  ERR_INVALID_ARGUMENT: 'A value passed to millpond is outside its documented range.',
  ERR_BUDGET_TOO_SMALL: 'The budget cannot hold one block for each thread.',
  ERR_BUDGET_EXHAUSTED: 'No memory came free within the deadline.',
  ERR_REQUEST_TOO_LARGE: 'One request is larger than the whole budget.',
  ERR_ALLOCATION_FAILED: 'The system refused memory that the budget allows.',
  ERR_LEASE_RELEASED: 'The lease was released already.',
  ERR_LEASE_MOVED: 'The lease was moved to another thread.',
  ERR_LEASE_FOREIGN: 'The lease belongs to another pool.',
  ERR_LEASE_PINNED: 'Native code still holds the memory of the lease.',
  ERR_LEASE_VIEW_MOVED: 'A view of pooled memory was put into an input or a result instead of its lease.',
  ERR_LEASE_DETACHED: 'The memory of the lease was transferred away behind its back.',
  ERR_LEASE_UNTRANSFERABLE: 'The memory of the lease was marked untransferable.',
  ERR_TASK_LEFT_PIN: 'A task ended while native code still held its memory.',
  ERR_TASK_WAITING: 'A task was cancelled while it waited for memory.',
  ERR_WORKER_LOST: 'The worker died in the middle of the task.',
  ERR_WORKER_BOOTSTRAP: 'A worker could not be started.',
  ERR_JOB_INVALID: 'The job file does not default-export defineJob(...).',
  ERR_NOT_A_WORKER: 'A job ran outside a millpond worker.',
  ERR_RUNTIME_CLOSED: 'The runtime is closed or closing.',
  ERR_NOT_CLONEABLE: 'An input or a result holds something that cannot be sent to another thread.',
  ERR_AUDIO_OPEN: 'The file cannot be opened or is not a recording that FFmpeg reads.',
  ERR_AUDIO_NO_STREAM: 'The file holds no audio.',
  ERR_AUDIO_DECODE: 'The audio is damaged.',
  ERR_AUDIO_ENCODE: 'The encoder refused the audio.',
  ERR_AUDIO_UNSUPPORTED: 'The combination of source and target is not supported.',
  ERR_OUTPUT_WRITE: 'The output file cannot be written.',
  ERR_OUTPUT_CLASH: 'Two inputs would write the same output.',
  ERR_NO_INPUT: 'There is nothing to do.',
  ERR_RECORDING_INVALID:
    'The file is not the recording of a run, is damaged, or was written by a newer version.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable `code` (see {@link ERROR_CODES}); `name` is always `MillpondError`. */
export class MillpondError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MillpondError';
    this.code = code;
  }
}

export function isMillpondError(error: unknown): error is MillpondError {
  return error instanceof MillpondError;
}
