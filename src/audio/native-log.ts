/**
 * FFmpeg's log. Its level and its callback belong to the whole process, not to a thread, and a callback dies
 * with the thread that set it (the next message would then abort the process): so the callback is set once,
 * by a thread that does nothing else (`workers/ffmpeg-log.ts`), and no other file sets either. Without a
 * callback FFmpeg is silent.
 */
import { AV_LOG_ERROR, AV_LOG_INFO, AV_LOG_QUIET, AV_LOG_WARNING } from 'node-av/constants';
import { Log } from 'node-av/lib';

export interface NativeLogMessage {
  readonly level: 'error' | 'warning';
  readonly message: string;
}

/**
 * FFmpeg starts at `info` and prints to stderr. Any other level was set on purpose.
 */
export function quietNativeLog(): void {
  if (Log.getLevel() === AV_LOG_INFO) Log.setLevel(AV_LOG_QUIET);
}

/**
 * Sends FFmpeg's messages, from every thread, to a function on this one. To be called once in a process, by a
 * thread that outlives all that use FFmpeg.
 * @returns a function that ends the capture and silences FFmpeg again; call it when no job runs
 */
export function captureNativeLog(sink: (message: NativeLogMessage) => void): () => void {
  Log.setLevel(AV_LOG_WARNING);
  Log.setCallback(
    (level, message) =>
      sink({ level: level <= AV_LOG_ERROR ? 'error' : 'warning', message: message.trimEnd() }),
    {
      maxLevel: AV_LOG_WARNING,
    },
  );
  return () => {
    Log.resetCallback();
    Log.setLevel(AV_LOG_QUIET);
  };
}
