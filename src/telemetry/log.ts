/**
 * Log lines about significant events, as JSON on stderr through pino. Runs on the main thread; nothing on the
 * path of an allocation logs.
 *
 * pino is loaded (30 ms) when the first line is really written, so a run without events never loads it.
 * Lines are written at once: they are few, and the one that matters most is the last before a native abort,
 * which a buffer would lose. A storm is bounded: of each kind of event a few lines are written in a window of
 * time, and the next line of that kind, or `close`, says how many were held back.
 */
import { createRequire } from 'node:module';
import type { Logger, pino as Pino } from 'pino';
import type { Bytes } from '../bytes.ts';
import type { DecisionInputs, DecisionKind, Score } from '../regulation/decision.ts';
import type { PressureLevel } from '../regulation/pressure.ts';
import { escapedLines } from '../text/escaping.ts';
import { wallMs } from '../timers.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Severity = Exclude<LogLevel, 'silent'>;

/**
 * What is worth a line. Bytes are bytes and durations milliseconds, as the names say; `job` is that of the
 * task, where the runtime has several.
 */
export type LogEvent =
  | { event: 'start'; threads: number; budgetBytes: Bytes; safety: string }
  | { event: 'worker-death'; shard: number; exitCode: number; task?: string; job?: string; cause?: string }
  | {
      event: 'process-death';
      pid: number;
      cause: string;
      /** By name, those that ran when it died, as far as is known. */
      running: readonly string[];
      /** So many of its tasks are tried again. */
      again: number;
    }
  | { event: 'stray-error'; shard: number; task?: string; job?: string; error: string; stack?: string }
  | {
      event: 'thread-left';
      shard: number;
      threadId: number;
      state: string;
      task: string | null;
      job?: string;
      taskMs: number | null;
      heldBytes: Bytes;
      loanBytes: Bytes;
    }
  | { event: 'exhaustion'; shard: number; requests: number; limitBytes: Bytes; usedBytes: Bytes }
  | { event: 'leak'; task: string; job?: string; leases: number; bytes: Bytes; acquiredAt?: string }
  | { event: 'reclaim'; shard: number; bytes: Bytes }
  | {
      event: 'pressure';
      from: PressureLevel;
      to: PressureLevel;
      ledgerShare: number;
      processShare: number | null;
      rssBytes: Bytes;
    }
  | ({
      event: 'sizing' | 'emergency';
      kind: DecisionKind;
      reason: string;
      bytes?: Bytes;
    } & DecisionInputs)
  | ({ event: 'score'; decision: number; kind: DecisionKind } & Score)
  | { event: 'recovery'; recovered: boolean; milliseconds: number; recoveredBytes: Bytes }
  | { event: 'recording-ended'; path: string; reason: string }
  | { event: 'shutdown'; tasks: number; peakBytes: Bytes; endBytes: Bytes; wallMs: number }
  | { event: 'ffmpeg'; severity: Severity; component?: string; text: string };

type EventName = LogEvent['event'];

const LEVELS: Readonly<Record<Exclude<EventName, 'ffmpeg'>, Severity>> = {
  start: 'info',
  'worker-death': 'error',
  'process-death': 'error',
  'stray-error': 'error',
  'thread-left': 'warn',
  exhaustion: 'warn',
  leak: 'warn',
  reclaim: 'info',
  pressure: 'info',
  sizing: 'debug',
  score: 'debug',
  emergency: 'warn',
  recovery: 'info',
  'recording-ended': 'warn',
  shutdown: 'info',
};

const MESSAGES: Readonly<Record<Exclude<EventName, 'ffmpeg'>, string>> = {
  start: 'Runtime started.',
  'worker-death': 'A worker died.',
  'process-death': 'A process died. Another takes its place, and its tasks are tried again.',
  'stray-error':
    'Code that a task had left behind threw when the task was over. Its worker is replaced between two tasks.',
  'thread-left': 'The runtime closed without this thread: it had not ended in time.',
  exhaustion: 'Requests for memory were refused: the budget held no more within their deadlines.',
  leak: 'A task ended without releasing its leases.',
  reclaim: 'The memory of a dead worker was reclaimed.',
  pressure: 'Memory pressure changed.',
  sizing: 'The runtime adapted.',
  score: 'A decision was judged.',
  emergency: 'Memory is critical: what is idle is freed and new tasks wait.',
  recovery: 'The emergency is over.',
  'recording-ended': 'The recording ends here: its file cannot be written. The run goes on.',
  shutdown: 'Runtime closed.',
};

/** The event for what a task, or a thread at its end, forgot. */
export function leakEvent(
  task: string,
  leaks: readonly { readonly length: Bytes; readonly stack: string | null }[],
  job?: string,
): LogEvent {
  const acquiredAt = leaks.find((leak) => leak.stack !== null)?.stack;
  const bytes = leaks.reduce((sum, leak) => sum + leak.length, 0);
  const named = { task, ...(job !== undefined && { job }) };
  return { event: 'leak', ...named, leases: leaks.length, bytes, ...(acquiredAt != null && { acquiredAt }) };
}

interface LogOptions {
  /** The least severe level that is written; `silent` writes nothing. Default `warn`. */
  readonly level?: LogLevel;
  /** Lines of one kind of event in one window; more are counted and held back. 1 or more, default 10. */
  readonly linesPerWindow?: number;
  /** Milliseconds. Default 10,000. */
  readonly windowMs?: number;
  /**
   * Milliseconds since 1970: the time in each line, and what windows are measured with. Default: the clock of
   * the system.
   */
  readonly now?: () => number;
  /** Takes each line with its newline. Default: file descriptor 2, synchronously. */
  readonly destination?: { write(line: string): void };
}

export interface Log {
  /** Takes an event. What it throws is thrown separately, and stops nothing. */
  write(event: LogEvent): void;
  /** Reports what is still held back. Writing still works afterwards. */
  close(): void;
}

interface Window {
  startedMs: number;
  lines: number;
  suppressed: number;
  severity: Severity;
}

/** A log that has not touched its destination nor loaded pino yet. */
export function createLog(options: LogOptions = {}): Log {
  const { level = 'warn', linesPerWindow = 10, windowMs = 10_000, now = wallMs } = options;
  const windows = new Map<EventName, Window>();
  let logger: Logger | undefined;

  function emit(severity: Severity, fields: object, message: string): void {
    logger ??= createLogger(level, now, options.destination);
    logger[severity](fields, message);
  }

  return {
    write(event) {
      const severity = event.event === 'ffmpeg' ? event.severity : LEVELS[event.event];
      if (LOG_LEVELS.indexOf(severity) < LOG_LEVELS.indexOf(level)) return;
      const suppressed = admit(windows, event.event, severity, now(), windowMs, linesPerWindow);
      if (suppressed === undefined) return;
      const { fields, message } = describe(event);
      emit(severity, suppressed > 0 ? { ...fields, suppressed } : fields, message);
    },
    close() {
      for (const [event, window] of windows) {
        if (window.suppressed === 0) continue;
        emit(window.severity, { event, suppressed: window.suppressed }, 'Repeated events were held back.');
        window.suppressed = 0;
      }
    },
  };
}

/**
 * Loaded on first use, by `require`: an `import()` would make the first line late, or lose it in an abort.
 */
export function createLogger(
  level: LogLevel,
  now: () => number,
  destination?: LogOptions['destination'],
): Logger {
  const pino: typeof Pino = createRequire(import.meta.url)('pino');
  const target = destination ?? pino.destination({ fd: 2, sync: true });
  return pino(
    { name: 'millpond', level, base: { pid: process.pid }, timestamp: () => `,"time":${now()}` },
    // Names of tasks are anybody's, and pino escapes the controls of ASCII only. The JSON says the same.
    { write: (line: string) => void target.write(escapedLines(line)) },
  );
}

/** How many of its kind were held back before it, or undefined when it is to be held back itself. */
function admit(
  windows: Map<EventName, Window>,
  event: EventName,
  severity: Severity,
  nowMs: number,
  windowMs: number,
  linesPerWindow: number,
): number | undefined {
  let window = windows.get(event);
  // A clock that was set back starts a new window, or the old one might last for hours.
  if (window === undefined || nowMs >= window.startedMs + windowMs || nowMs < window.startedMs) {
    window = { startedMs: nowMs, lines: 0, suppressed: window?.suppressed ?? 0, severity };
    windows.set(event, window);
  }
  if (window.lines >= linesPerWindow) {
    window.suppressed++;
    window.severity = severity;
    return undefined;
  }
  window.lines++;
  const suppressed = window.suppressed;
  window.suppressed = 0;
  return suppressed;
}

function describe(event: LogEvent): { fields: object; message: string } {
  if (event.event !== 'ffmpeg') return { fields: event, message: MESSAGES[event.event] };
  const { severity: _, text, ...fields } = event;
  return { fields, message: text.trim() };
}
