/** Copies FFmpeg's messages to the log. Owns the thread that listens to them; main thread. */
import { Worker } from 'node:worker_threads';
import type { Log, LogLevel } from '../telemetry/log.ts';
import type { NativeLogMessage } from './native-log.ts';

/**
 * FFmpeg logs much about files that come out right, and does not say which file it means. What matters is in
 * errors and notes; the rest is for those who ask for it, and only they pay for the thread. To be awaited
 * before workers start: they silence FFmpeg where nothing listens. Never rejects: without that thread a batch
 * continues without FFmpeg's log, and the log says so.
 * @param file the thread's program
 * @returns a function that ends it; to be called when no job runs
 */
export async function listenToFfmpeg(
  log: Log,
  level: LogLevel = 'warn',
  file: URL = listener(),
): Promise<() => Promise<void>> {
  if (level !== 'debug' && level !== 'info') return async () => {};
  const thread = new Worker(file);
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    thread.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  thread.on('error', (error: Error) => {
    log.write({ event: 'ffmpeg', severity: 'info', text: `FFmpeg's messages are lost: ${error.message}` });
  });
  const listens = Promise.withResolvers<void>();
  // The first is that it listens, which may come behind an error.
  thread.on('message', (said: NativeLogMessage | null) => {
    if (said === null) listens.resolve();
    else
      log.write({ event: 'ffmpeg', severity: said.level === 'error' ? 'info' : 'debug', text: said.message });
  });
  await Promise.race([listens.promise, gone]);
  // The thread must not keep the process alive.
  thread.unref();
  return async () => {
    if (ended) return;
    thread.ref();
    thread.postMessage(null);
    await gone;
  };
}

function listener(): URL {
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new URL(`../../workers/ffmpeg-log${extension}`, import.meta.url);
}
