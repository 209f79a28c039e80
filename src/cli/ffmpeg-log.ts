/** Brings what FFmpeg says into the log. Owns the thread that listens to it; main thread. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { NativeLogMessage } from '../audio/native-log.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';

/**
 * FFmpeg says much about files that come out right, and not of which file it speaks. What matters of it is in errors and notes;
 * the rest is for who asks for it, and nobody else pays for the thread.
 * @returns ends it; to be called when no job runs
 */
export async function listenToFfmpeg(log: Log, level: LogLevel = 'warn'): Promise<() => Promise<void>> {
  if (level !== 'debug' && level !== 'info') return async () => {};
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const thread = new Worker(new URL(`../../workers/ffmpeg-log${extension}`, import.meta.url));
  await once(thread, 'message');
  thread.on('message', (said: NativeLogMessage) => {
    log.write({ event: 'ffmpeg', severity: said.level === 'error' ? 'info' : 'debug', text: said.message });
  });
  // No reason to stay alive.
  thread.unref();
  return async () => {
    const ended = once(thread, 'exit');
    thread.ref();
    thread.postMessage(null);
    await ended;
  };
}
