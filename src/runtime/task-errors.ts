/** What a task may end with beside what its job throws. Pure. */
import { MillpondError } from '../errors.ts';
import { MOST_LEVELS } from '../messages/search.ts';
import type { Member } from './worker-pool.ts';

export function workerLost(name: string, member: Member, error: unknown): MillpondError {
  const cause = member.cause ?? (error instanceof Error ? error : new Error(String(error)));
  return new MillpondError(
    'ERR_WORKER_LOST',
    `A job ends by returning or throwing; the worker of '${name}' died in the middle of it: ${cause.message}. The other tasks go on in a new worker; look for process.exit, uncaught errors and heap limits in the job.`,
    { cause },
  );
}

export function leftPin(name: string, pinned: number): MillpondError {
  return new MillpondError(
    'ERR_TASK_LEFT_PIN',
    `Native code is done with a lease before its task ends; '${name}' ended with ${pinned} pinned. Await the native call and release its pin before the job returns; the memory stays charged until then.`,
  );
}

export function tooDeep(): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `An input has ${MOST_LEVELS} levels of objects within objects at most; this one has more. Pass a flat list, or text of JSON; its leases went back to the pool.`,
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
