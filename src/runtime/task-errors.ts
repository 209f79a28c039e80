/** What a task may end with beside what its job throws. Pure. */
import { MillpondError } from '../errors.ts';
import { MOST_LEVELS } from '../messages/search.ts';
import { escaped } from '../text/escaping.ts';
import type { Member } from './member.ts';

export function workerLost(name: string, member: Member, error: unknown): MillpondError {
  const cause = causeOf(member, error);
  return new MillpondError(
    'ERR_WORKER_LOST',
    `A job ends by returning or throwing; the worker of '${escaped(name)}' died in the middle of it: ${cause.message}. The other tasks go on in a new worker; look for process.exit, uncaught errors and heap limits in the job.`,
    { cause },
  );
}

/** What the task brought was gone with a worker that never began it. */
export function lostUnbegun(name: string, member: Member, error: unknown): MillpondError {
  const cause = causeOf(member, error);
  return new MillpondError(
    'ERR_WORKER_LOST',
    `What a task brings waits in its worker until it begins; that of '${escaped(name)}' died before, of another task or from outside: ${cause.message}. Run it again with new leases; look for heap limits that jobs reach.`,
    { cause },
  );
}

/** @param cause what the job threw when it was told to stop */
export function taskTimeout(name: string, timeoutMs: number, cause?: unknown): MillpondError {
  return new MillpondError(
    'ERR_TASK_TIMEOUT',
    `A task runs for no longer than its timeoutMs; '${escaped(name)}' had not ended after ${timeoutMs} ms. Give it more, or less to do.`,
    { cause },
  );
}

export function taskStuck(name: string, timeoutMs: number, stopMs: number): MillpondError {
  return new MillpondError(
    'ERR_TASK_STUCK',
    `A job stops when its signal aborts; that of '${escaped(name)}' ran on for ${stopMs} ms after its ${timeoutMs} ms, and its thread cannot be ended: native code may be under way or lie there. Look at signal.aborted in the job; one in pure JavaScript may say terminable: true; replace the process when health() is not ready.`,
  );
}

export function noThreadLeft(): MillpondError {
  return new MillpondError(
    'ERR_WORKER_LOST',
    'A task needs a thread; all of this runtime are kept by tasks that do not stop, or by native code. Start a new process; look for tasks with ERR_TASK_STUCK, and for heap limits (resourceLimits) that jobs reach while they have audio open.',
  );
}

export function closed(): MillpondError {
  return new MillpondError(
    'ERR_RUNTIME_CLOSED',
    'A runtime takes tasks until close() is called; this one is closing or closed. Create another, or close later.',
  );
}

/** `spanMs` is what `close` was given. */
export function closedOver(name: string, spanMs: number): MillpondError {
  return new MillpondError(
    'ERR_RUNTIME_CLOSED',
    `A task ends before its runtime has closed; '${escaped(name)}' did not in the ${spanMs} ms that close() had. Cancel it before by its signal, look at signal.aborted in the job, or give close({ timeoutMs }) more.`,
  );
}

export function leftPin(name: string, pinned: number): MillpondError {
  return new MillpondError(
    'ERR_TASK_LEFT_PIN',
    `Native code is done with a lease before its task ends; '${escaped(name)}' ended with ${pinned} pinned. Await the native call and release its pin before the job returns; the memory stays charged until then.`,
  );
}

export function tooDeep(): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `An input has ${MOST_LEVELS} levels of objects within objects at most; this one has more. Pass a flat list, or text of JSON; its leases went back to the pool.`,
  );
}

/** It began, or could not be read there. */
export function unreadableInput(name: string): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `An input can be read in the worker that gets it; that of '${escaped(name)}' cannot. Pass less, or flatter data; its worker is replaced, and what it brought is free again.`,
  );
}

export function unreadable(name: string, error: Error): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `A result can be read in the thread that asked for it; that of '${escaped(name)}' cannot: ${error.message.replace(/\.$/, '')}. Return less, or flatter data; its worker is replaced, and what it held is free again.`,
    { cause: error },
  );
}

export function notCloneable(error: unknown): MillpondError {
  const message = error instanceof Error ? error.message : String(error);
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `An input holds what structured cloning can copy, and leases in plain objects and arrays; this one holds more: ${message.replace(/\.$/, '')}. Pass plain data; its leases went back to the pool.`,
    { cause: error },
  );
}

/** Why a worker died. */
function causeOf({ cause }: Member, error: unknown): Error {
  return cause ?? (error instanceof Error ? error : new Error(String(error)));
}
