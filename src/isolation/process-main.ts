/**
 * The program of a process: a runtime whose tasks come from a supervisor. Owns that runtime; its main thread
 * only hands over, so it is never busy for long.
 * Invariants: the process ends when its supervisor does, whatever its threads do; a task is answered once,
 * unless it is cancelled. Signals that a terminal sends to all processes of a command are the supervisor's
 * business.
 */
import { flushCompileCache } from 'node:module';
import { listenToFfmpeg } from '../audio/ffmpeg-log.ts';
import { MillpondError } from '../errors.ts';
import { keepNames } from '../files/spool.ts';
import { pack } from '../messages/cargo.ts';
import { recordError } from '../messages/error-record.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import { createNumberedRuntime, type NumberedRuntime } from '../runtime/runtime.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { setImmediate, setTimeout } from '../timers.ts';
import { type FromProcess, type GivenTask, SLOTS_FILE, type ToProcess } from './messages.ts';
import { drop, receive, send as sendParcels } from './parcels.ts';

/** A supervisor that is gone is noticed by its channel at once; this is for a channel that somebody holds. */
const WATCH_MS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const supervisor = process.ppid;
let runtime: NumberedRuntime | null = null;
const cancels = new Map<number, AbortController>();
let outgoing: FromProcess[] = [];

/** Native code may be under way, in which `process.exit` could abort. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

function say(message: FromProcess): void {
  // What is said in one turn of the event loop shares a message.
  if (outgoing.push(message) === 1) setImmediate(flush);
}

function flush(): void {
  const messages = outgoing;
  outgoing = [];
  try {
    process.send?.(messages);
  } catch {
    // One of them holds what no other process can be given.
    for (const message of messages) sendAlone(message);
  }
}

function sendAlone(message: FromProcess): void {
  try {
    process.send?.([message]);
  } catch (cause) {
    if (message.kind !== 'ended') return;
    const { task, parcels } = message.ended;
    drop(parcels);
    process.send?.([{ kind: 'ended', ended: { task, error: recordError(notSendable(cause), cloned) } }]);
  }
}

function notSendable(cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `A result goes to another process as a copy; this one holds what cannot: ${(cause as Error).message.replace(/\.$/, '')}. Return plain data, leases or spooled files.`,
    { cause },
  );
}

/** Ends of processes are the supervisor's to tell, and so are their starts. */
const log: Log = {
  write(event) {
    if (event.event !== 'start' && event.event !== 'shutdown') say({ kind: 'log', event });
  },
  close() {},
};

async function start(options: RuntimeOptions, ffmpegLog: LogLevel | undefined): Promise<void> {
  try {
    if (ffmpegLog !== undefined) await listenToFfmpeg(log, ffmpegLog);
    runtime = await createNumberedRuntime({ ...options, log }, SLOTS_FILE);
    say({ kind: 'ready', ...figures() });
  } catch (error) {
    say({ kind: 'failed', error: recordError(error, cloned) });
  }
}

async function run({ task, value, parcels, places, options, progress }: GivenTask): Promise<void> {
  const here = runtime as NumberedRuntime;
  const cancel = new AbortController();
  cancels.set(task, cancel);
  const { signal } = cancel;
  try {
    const brought = parcels !== undefined && places !== undefined;
    const input = brought
      ? await receive({ value, parcels, places }, here.pool, { taken: false, signal })
      : value;
    const result = await here.runAs(task, input, {
      ...options,
      signal,
      ...(progress && { onProgress: (fraction) => say({ kind: 'progress', task, fraction }) }),
    });
    answer(task, result);
  } catch (error) {
    say({ kind: 'ended', ended: { task, error: recordError(error, cloned) } });
  } finally {
    cancels.delete(task);
  }
}

function answer(task: number, result: unknown): void {
  const { shard } = runtime as NumberedRuntime;
  say({ kind: 'ended', ended: { task, ...sendParcels(pack(result, shard), shard) } });
}

/** @throws where it holds what no other process can be given */
function cloned(value: unknown): unknown {
  return structuredClone(value);
}

function figures() {
  return { snapshot: (runtime as NumberedRuntime).snapshot(), rssBytes: process.memoryUsage.rss() };
}

async function close(timeoutMs: number): Promise<void> {
  const before = (runtime as NumberedRuntime).snapshot();
  const report = await (runtime as NumberedRuntime).close({ timeoutMs });
  flushCompileCache();
  const { snapshot: after, rssBytes } = figures();
  say({ kind: 'closed', report, snapshot: snapshotOfRun(before, after), rssBytes });
}

function watch(): void {
  if (process.ppid !== supervisor) end();
  setTimeout(watch, WATCH_MS).unref();
}

function take(message: ToProcess): void {
  switch (message.kind) {
    case 'start':
      void start(message.options, message.ffmpegLog);
      break;
    case 'task':
      void run(message.given);
      break;
    case 'cancel':
      cancels.get(message.task)?.abort();
      break;
    case 'look':
      say(runtime === null ? { kind: 'starting' } : { kind: 'figures', ...figures() });
      break;
    case 'close':
      void close(message.timeoutMs);
      break;
  }
}

for (const name of SIGNALS) process.on(name, () => {});
process.on('disconnect', end);
// What could not be sent: nobody hears it.
process.on('error', end);
watch();
keepNames();
process.on('message', (messages: ToProcess[]) => messages.forEach(take));
if (!process.connected) end();
