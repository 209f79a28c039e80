interface ErrorRule {
  /** What happened. */
  readonly rule: string;
  /**
   * With which the command ends where this error ends it: 2 only where its arguments are at fault, else 1.
   */
  readonly exitCode: 1 | 2;
  /** Of HTTP, as a service answers: 400 to 499 where the request is at fault. */
  readonly status: number;
  /** Whether the same task may succeed when it is tried again, later or by another runtime. */
  readonly retry: boolean;
}

/**
 * Every error that millpond raises by itself. Codes are stable: they may be added to, never renamed.
 * A message gives the rule, the value that broke it and the remedy, in this order.
 */
export const ERROR_CODES = Object.freeze({
  // Exit code, status, retry, rule.
  ERR_INVALID_ARGUMENT: of(2, 400, false, 'A value passed to millpond is outside its documented range.'),
  ERR_BUDGET_TOO_SMALL: of(2, 500, false, 'The budget cannot hold one block for each thread.'),
  ERR_BUDGET_EXHAUSTED: of(1, 503, true, 'No memory came free within the deadline.'),
  ERR_REQUEST_TOO_LARGE: of(1, 413, false, 'One request is larger than the whole budget.'),
  ERR_ALLOCATION_FAILED: of(1, 503, true, 'The system refused memory that the budget allows.'),
  ERR_LEASE_RELEASED: of(1, 500, false, 'The lease was released already.'),
  ERR_LEASE_MOVED: of(1, 500, false, 'The lease was moved to another thread.'),
  ERR_LEASE_FOREIGN: of(1, 500, false, 'The lease belongs to another pool.'),
  ERR_LEASE_PINNED: of(1, 500, false, 'Native code still holds the memory of the lease.'),
  ERR_LEASE_VIEW_MOVED: of(
    1,
    500,
    false,
    'A view of pooled memory was put into an input or a result instead of its lease.',
  ),
  ERR_LEASE_DETACHED: of(1, 500, false, 'The memory of the lease was transferred away without the pool.'),
  ERR_LEASE_UNTRANSFERABLE: of(1, 500, false, 'The memory of the lease was marked untransferable.'),
  ERR_WRITE_FAILED: of(1, 500, true, 'The bytes of a lease could not be written to a stream or file.'),
  ERR_TASK_LEFT_PIN: of(1, 500, false, 'A task ended while native code still held its memory.'),
  ERR_TASK_WAITING: of(1, 503, true, 'A task was cancelled while it waited for memory.'),
  ERR_TASK_OVER: of(1, 500, false, 'A value was emitted after the end of its task.'),
  ERR_TASK_TIMEOUT: of(1, 504, true, 'A task ran for longer than it was allowed to.'),
  ERR_TASK_STUCK: of(1, 500, false, 'A task does not stop, and its thread cannot be ended.'),
  ERR_NATIVE_CRASH: of(1, 422, false, 'A task crashed its process twice, the second time alone in it.'),
  ERR_WORKER_LOST: of(
    1,
    500,
    true,
    'The worker died in the middle of the task, or before it began with what the task brought.',
  ),
  ERR_WORKER_BOOTSTRAP: of(1, 500, false, 'A worker could not be started.'),
  ERR_JOB_INVALID: of(1, 500, false, 'The job file does not default-export defineJob(...).'),
  ERR_NOT_A_WORKER: of(1, 500, false, 'A job ran outside a millpond worker.'),
  ERR_RUNTIME_CLOSED: of(1, 503, true, 'The runtime is closed or closing.'),
  ERR_QUEUE_FULL: of(1, 503, true, 'No more tasks may wait, of all or of one tenant.'),
  ERR_NOT_CLONEABLE: of(
    1,
    500,
    false,
    'An input or a result holds something that cannot be sent to another thread.',
  ),
  ERR_AUDIO_OPEN: of(1, 415, false, 'The file cannot be opened or is not audio that FFmpeg reads.'),
  ERR_AUDIO_NO_STREAM: of(1, 422, false, 'The file holds no audio.'),
  ERR_AUDIO_DECODE: of(1, 422, false, 'The audio is damaged.'),
  ERR_AUDIO_CHANGED: of(1, 503, true, 'The file was changed while it was read.'),
  ERR_AUDIO_TOO_LONG: of(1, 413, false, 'The audio lasts for longer than the request allows.'),
  ERR_AUDIO_ENCODE: of(1, 422, false, 'The encoder refused the audio.'),
  ERR_AUDIO_UNSUPPORTED: of(1, 422, false, 'The combination of source and target is not supported.'),
  ERR_OUTPUT_WRITE: of(1, 507, true, 'The output file cannot be written.'),
  ERR_OUTPUT_EXISTS: of(1, 409, false, 'The output is there, and may not be replaced.'),
  ERR_OUTPUT_VERIFY: of(1, 500, true, 'The output is not there, or is not what was encoded.'),
  ERR_OUTPUT_TOO_LARGE: of(1, 413, false, 'The output would be larger than the request allows.'),
  ERR_FILE_CLOSED: of(1, 500, false, 'The spooled file was disposed of, or moved to another thread.'),
  ERR_OUTPUT_CLASH: of(2, 409, false, 'Two inputs would write the same output.'),
  ERR_BATCH_LOCKED: of(1, 503, true, 'Another batch works in the output folder, or with the journal.'),
  ERR_JOURNAL_INVALID: of(
    2,
    422,
    false,
    'The file is no journal of a batch, is damaged, or was written by a newer version.',
  ),
  ERR_SETTINGS_CHANGED: of(
    2,
    409,
    false,
    'The journal is of outputs that were made with other settings, or by another engine.',
  ),
  ERR_UNAUTHORIZED: of(1, 401, false, 'The request names no client of the service.'),
  ERR_NOT_FOUND: of(1, 404, false, 'The service has nothing at this address, or nothing for this client.'),
  ERR_METHOD: of(1, 405, false, 'What is at this address does not take this method.'),
  ERR_RANGE: of(1, 416, false, 'The range lies outside of the result.'),
  ERR_HTTP_INVALID: of(1, 400, false, 'The request breaks a rule of HTTP.'),
  ERR_HEAD_TOO_LARGE: of(1, 431, false, 'The head of the request is larger than the service takes.'),
  ERR_BODY_TOO_LARGE: of(1, 413, false, 'The body is larger than the service takes.'),
  ERR_BODY_TOO_SLOW: of(1, 408, true, 'The request comes more slowly than the service waits for.'),
  ERR_BODY_INCOMPLETE: of(1, 400, false, 'The body ended before, or went on behind, what its head said.'),
  ERR_WORK_DIR_FULL: of(1, 503, true, 'The work directory has no room for what is too large for memory.'),
  ERR_SERVICE_FULL: of(1, 503, true, 'The service has as much work as it can do in time.'),
  ERR_CLIENT_FULL: of(1, 429, true, 'This client has as much work in the service as it may have.'),
  ERR_TOO_LATE: of(1, 503, true, 'The work cannot be done by the time that the request gave.'),
  ERR_SERVICE_DRAINING: of(1, 503, true, 'The service is about to leave, and takes no new work.'),
  ERR_PEER_MISSING: of(
    1,
    500,
    false,
    'A package that is needed for this, and for nothing else, is not installed.',
  ),
  ERR_BROKER_UNREACHABLE: of(1, 503, true, 'The broker of a batch over hosts does not answer.'),
  ERR_BATCH_UNKNOWN: of(2, 404, false, 'No batch of this id is in the folder, or with the broker.'),
  ERR_HOST_LOST: of(1, 500, true, 'Hosts died again and again of a page that holds this file alone.'),
  ERR_NO_INPUT: of(2, 400, false, 'There is nothing to do.'),
  ERR_RECORDING_INVALID: of(
    2,
    422,
    false,
    'The file is not the recording of a run, is damaged, or was written by a newer version.',
  ),
});

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

function of(exitCode: 1 | 2, status: number, retry: boolean, rule: string): ErrorRule {
  return Object.freeze({ rule, exitCode, status, retry });
}
