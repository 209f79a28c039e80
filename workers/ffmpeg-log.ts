/**
 * Passes on FFmpeg's messages, from every thread of the process. Runs on a thread of its own, so that no
 * other has to load FFmpeg for it: the callback would die with a worker, and FFmpeg's next message would then
 * abort the process. Ends, and silences FFmpeg again, when it is sent a message: to be done when no job runs.
 */
import { parentPort } from 'node:worker_threads';
import { captureNativeLog } from '../src/audio/native-log.ts';

const end = captureNativeLog((message) => parentPort?.postMessage(message));
parentPort?.once('message', () =>
  // What has been said comes first.
  setImmediate(() => {
    end();
    parentPort?.close();
  }),
);
// It listens: jobs may begin.
parentPort?.postMessage(null);
