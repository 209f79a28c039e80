/** A job whose threads end when they are given a task, before it begins. */
import { MessagePort } from 'node:worker_threads';
import { defineJob } from '../../src/worker.ts';

const { on } = MessagePort.prototype;
MessagePort.prototype.on = function (this: MessagePort, event: string, listener: (message: unknown) => void) {
  // Tasks are numbers and arrays; what the coordinator says is an object.
  const ends = (message: unknown): void => {
    if (typeof message === 'number' || Array.isArray(message)) process.exit(3);
    listener(message);
  };
  return on.call(this, event, event === 'message' ? ends : listener) as never;
} as never;

export default defineJob(() => 'never');
