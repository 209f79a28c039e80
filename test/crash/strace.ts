/**
 * Faults from outside, by strace: no seam in the code under test, and FFmpeg's native calls are met like
 * those of Node. Calls are counted by name and by thread.
 */
import { spawnSync } from 'node:child_process';
import { type CallPoint, RECORDED_CALLS } from './operations.ts';

/**
 * The tracer is no parent of the traced command, nor in its process group: signals go to the command as they
 * would without it.
 */
const TRACE = ['-DD', '-f', '-qqq'];

/** The command stops only where a call is traced; but no signal can be injected there. */
const FILTERED = '--seccomp-bpf';

export interface Tracing {
  readonly program: string;
  readonly args: readonly string[];
}

/** Writes down all that a command does to files, with the bytes. */
export function recording(file: string): Tracing {
  const calls = RECORDED_CALLS.join(',');
  return {
    program: 'strace',
    args: [...TRACE, FILTERED, '-xx', '-s', '100000000', '-e', `trace=${calls}`, '-o', file],
  };
}

/** The thread that comes to that call first gets a signal in front of it. */
export function signalAt({ call, nth }: CallPoint, signal: NodeJS.Signals): Tracing {
  return injecting([], call, `signal=${signal}:when=${nth}`);
}

/** That call of each thread fails, and with `+` all that follow. */
export function failing(call: string, error: string, when: string): Tracing {
  return injecting([FILTERED], call, `error=${error}:when=${when}`);
}

function injecting(options: readonly string[], calls: string, what: string): Tracing {
  return {
    program: 'strace',
    args: [...TRACE, ...options, '-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`, '-o', '/dev/null'],
  };
}

/** Why no command can be traced here, or null. */
export function whyNoStrace(): string | null {
  const { error, status, stderr } = spawnSync(
    'strace',
    [...TRACE, FILTERED, '-e', 'trace=close', '-o', '/dev/null', 'true'],
    {
      encoding: 'utf8',
    },
  );
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.trim();
}
