/** The messages of a worker that do not go through Piscina's task port. Main thread. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Link } from '../coordinator/links.ts';
import type { Answer, FromWorker } from '../messages/asks.ts';
import type { Hello } from '../messages/start.ts';

interface Listener {
  /** True for what a worker reports of itself, which is not for the coordinator. */
  reported(message: FromWorker): message is Exclude<FromWorker, Answer>;
  answered(answer: Answer): void;
}

/** Listens to the port that a worker said hello with, which keeps no process alive. */
export function openLink(port: MessagePort, { reported, answered }: Listener): Link {
  port.on('message', (message: FromWorker) => {
    if (!reported(message)) answered(message);
  });
  port.unref();
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    receive: () => {
      for (;;) {
        const message: FromWorker | undefined = receiveMessageOnPort(port)?.message;
        if (message === undefined || !reported(message)) return message;
      }
    },
    close: () => port.close(),
  };
}

export function isHello(message: unknown): message is Hello {
  return (
    typeof message === 'object' && message !== null && 'millpond' in message && message.millpond === 'hello'
  );
}

/** Piscina's word that a worker has loaded its file. */
export function isLoaded(message: unknown): boolean {
  return typeof message === 'object' && message !== null && '_WORKER_READY' in message;
}
