/** Brings what FFmpeg says into the log. Owns the thread that listens to it; main thread. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { NativeLogMessage } from '../audio/native-log.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';

/**
 * FFmpeg says much about files that come out right, and not of which file it speaks. What matters of it is in errors and notes;
 * the rest is for who asks for it, and nobody else pays for the thread. To be awaited before workers start: they silence FFmpeg
 * where nobody listens. Never rejects: a batch goes on without that log, which says so.
 * @param file the thread's program
 * @returns ends it; to be called when no job runs
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
    log.write({ event: 'ffmpeg', severity: 'info', text: `What FFmpeg says is lost: ${error.message}` });
  });
  await Promise.race([once(thread, 'message').catch(() => {}), gone]);
  thread.on('message', (said: NativeLogMessage) => {
    log.write({ event: 'ffmpeg', severity: said.level === 'error' ? 'info' : 'debug', text: said.message });
  });
  // No reason to stay alive.
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
