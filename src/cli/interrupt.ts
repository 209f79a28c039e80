/**
 * SIGINT, SIGTERM and SIGHUP. The first cancels cooperatively: jobs stop at their next block and remove what
 * they wrote. A thread inside native code cannot be stopped from outside (the process would abort), so the
 * second signal removes what is half-written and ends the process by the signal itself, which runs no exit
 * handlers.
 */
import { writeSync } from 'node:fs';
import { isEnding } from '../files/owner.ts';
import { sweep, sweepDead } from '../files/whole-file.ts';
import { EXIT } from './exit.ts';

/** A terminal that is closed says SIGHUP. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp };
/** How long a job may take to make a file that it has begun to, and a terminal to discard old output. */
const SETTLED_MS = 60;
/** How long a process that was killed may take to be gone, and how often that is looked at. */
const MOST_ENDING_MS = 2000;
const LOOK_MS = 10;
const SHOW_CURSOR = '\x1b[?25h';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code that the signal asks for, 0 when there was none. */
  exitCode(): number;
  /** Folders in which outputs are written aside. */
  watch(folder: string): void;
  /** Processes that write there, and are ended first where this one ends at once. */
  endFirst(pids: () => readonly number[]): void;
  /** Is done last where this process ends at once, and must not throw. */
  atEnd(action: () => void): void;
  /** Prints what a signal says. Default: a line on stderr, below whatever is drawn there. */
  printWith(say: (line: string) => void): void;
  /** Ends the process at once, as a second signal does; nothing happens where there was no first. */
  giveUp(): void;
  stop(): void;
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const folders = new Set<string>();
  let pids = (): readonly number[] => [];
  let last = (): void => {};
  let code = 0;
  let first: NodeJS.Signals | null = null;
  let say = (line: string): void => void process.stderr.write(`\n${line}\n`);

  function onSignal(name: NodeJS.Signals): void {
    if (first !== null) {
      end(name);
      return;
    }
    first = name;
    code = EXIT_CODES[name as (typeof SIGNALS)[number]];
    say('millpond: stopping; running jobs end at their next block (again: exit at once)');
    controller.abort();
  }

  function end(name: NodeJS.Signals): void {
    stop();
    const killed = pids();
    for (const pid of killed) kill(pid);
    sweepAll();
    // A job that looked just before it was cancelled may make its file only now; and a terminal sends the
    // signal of a typed Ctrl-C first and then throws away what waits to be written.
    pause(SETTLED_MS);
    // Of a process that has not gone nothing is swept, and on a busy machine that takes a while.
    for (let ms = 0; ms < MOST_ENDING_MS && killed.some(isEnding); ms += LOOK_MS) pause(LOOK_MS);
    sweepAll();
    last();
    // The progress bar, or the live view, has hidden the cursor.
    if (process.stderr.isTTY) writeSync(process.stderr.fd, SHOW_CURSOR);
    process.kill(process.pid, name);
  }

  function sweepAll(): void {
    for (const folder of folders) {
      sweep(folder);
      if (pids().length > 0) sweepDead(folder);
    }
  }

  function stop(): void {
    for (const name of SIGNALS) process.off(name, onSignal);
  }

  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => code,
    watch: (folder) => folders.add(folder),
    endFirst(of) {
      pids = of;
    },
    atEnd(action) {
      last = action;
    },
    giveUp() {
      if (first !== null) end(first);
    },
    printWith(other) {
      say = other;
    },
    stop,
  };
}

/** One that is gone is no error. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
