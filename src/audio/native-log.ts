/**
 * FFmpeg's log. Its level and its callback belong to the whole process, not to a thread, and a callback dies
 * with the thread that set it (the next message would then abort the process): so the callback is set once,
 * on the main thread, and no other file sets either. Without a callback FFmpeg is silent.
 * The command line loads this file, and node-av with it, only once a batch runs in its own process: the
 * callback can be nowhere else. All else that it needs of audio is in `plan/`.
 */
import { isMainThread } from 'node:worker_threads';
import { AV_LOG_ERROR, AV_LOG_INFO, AV_LOG_QUIET, AV_LOG_VERBOSE, AV_LOG_WARNING } from 'node-av/constants';
import { Log } from 'node-av/lib';
import { MillpondError } from '../errors.ts';

const LEVELS = {
  error: AV_LOG_ERROR,
  warning: AV_LOG_WARNING,
  info: AV_LOG_INFO,
  verbose: AV_LOG_VERBOSE,
} as const;

type NativeLogLevel = keyof typeof LEVELS;

interface NativeLogMessage {
  readonly level: NativeLogLevel;
  readonly message: string;
}

/**
 * FFmpeg starts at `info` and prints to stderr. Whatever else is set was set on purpose, on the main thread.
 */
export function quietNativeLog(): void {
  if (Log.getLevel() === AV_LOG_INFO) Log.setLevel(AV_LOG_QUIET);
}

/**
 * Sends FFmpeg's messages, from every thread, to a function on the main thread. To be called once, before
 * workers start.
 * @param atMost the least severe level to pass on; default `warning`
 * @returns a function that ends the capture and silences FFmpeg again; call it when no job runs
 * @throws MillpondError `ERR_INVALID_ARGUMENT` outside the main thread
 */
export function captureNativeLog(
  sink: (message: NativeLogMessage) => void,
  atMost: NativeLogLevel = 'warning',
): () => void {
  if (!isMainThread) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      'The log of FFmpeg is captured on the main thread only, got a call from a worker. Call captureNativeLog before workers start.',
    );
  }
  const maxLevel = LEVELS[atMost];
  Log.setLevel(maxLevel);
  Log.setCallback((level, message) => sink({ level: levelName(level), message: message.trimEnd() }), {
    maxLevel,
  });
  return () => {
    Log.resetCallback();
    Log.setLevel(AV_LOG_QUIET);
  };
}

function levelName(level: number): NativeLogLevel {
  if (level <= AV_LOG_ERROR) return 'error';
  if (level <= AV_LOG_WARNING) return 'warning';
  return level <= AV_LOG_INFO ? 'info' : 'verbose';
}
