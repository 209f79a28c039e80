/**
 * Timers and clocks as they were when this file was loaded. Tests replace the global ones by timers that
 * stand still; a runtime that they use must go on, and end, all the same.
 */
import { hrtime } from 'node:process';
import * as promises from 'node:timers/promises';

export const { setTimeout, clearTimeout, setImmediate, queueMicrotask } = globalThis;

/** As `setTimeout` of `node:timers/promises`. */
export const sleep: typeof promises.setTimeout = promises.setTimeout;

/** Milliseconds since 1970. */
export const wallMs: () => number = Date.now;

/** Milliseconds since this thread's process began, and never back. */
export const nowMs: () => number = performance.now.bind(performance);

/** Milliseconds by the one clock of all processes of this machine, which never goes back. */
export const machineMs = (): number => Number(hrtime.bigint()) / 1e6;
