/**
 * What came of each file, a line of JSON as it ends (`millpond.result/1`). Owns the file until it is closed;
 * main thread. Each line is with the system before its file counts as ended: only a kill in the middle of a
 * write can cut off the last one.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { escaped, jsonText, shown } from '../text/escaping.ts';
import type { Ending } from './endings.ts';
import type { SkipReason } from './plan.ts';

/** `millpond.result/1`: fields may be added, none changed. Documented in docs/results.md. */
export interface FileLine {
  readonly schema: 'millpond.result/1';
  readonly input: string;
  readonly output: string | null;
  readonly state: Ending['state'];
  readonly copied: boolean;
  readonly deleted: boolean;
  readonly reason: SkipReason | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly frames: number | null;
  readonly seconds: number | null;
  readonly inputBytes: number;
  readonly outputBytes: number | null;
  readonly queuedSeconds: number | null;
  readonly workSeconds: number | null;
  readonly notes: readonly string[];
  readonly sha256: string | null;
}

const SCHEMA = 'millpond.result/1';
const START = Buffer.from(`{"schema":"${SCHEMA}"`);
const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR } = constants;

/** With its end of line. Pure. */
export function resultLine(ending: Ending): string {
  return `${jsonText(fileLine(ending))}\n`;
}

/** Pure. */
export function fileLine(ending: Ending): FileLine {
  const { input, output, state, bytes } = ending;
  const done = state === 'done' ? ending : null;
  const result = done?.result ?? null;
  const isCopied = done?.isCopied ?? false;
  const failure = state === 'failed' ? ending : null;
  const workMs = result?.workMs ?? null;
  const callMs = state === 'done' || state === 'failed' ? ending.callMs : null;
  return {
    schema: SCHEMA,
    input,
    output,
    state,
    copied: isCopied,
    deleted: done?.isDeleted ?? false,
    reason: state === 'skipped' ? ending.reason : null,
    code: failure?.code ?? null,
    message: failure?.message ?? null,
    frames: result?.frames ?? null,
    seconds: isCopied ? null : (result?.seconds ?? null),
    inputBytes: bytes,
    outputBytes: result?.bytesWritten ?? null,
    queuedSeconds: callMs === null || workMs === null ? null : seconds(Math.max(0, callMs - workMs)),
    workSeconds: workMs === null ? null : seconds(workMs),
    notes: done?.notes ?? [],
    sha256: result?.sha256 ?? null,
  };
}

/** To the microsecond. */
function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

export class ResultsFile implements Disposable {
  readonly #path: string;
  /** -1 once it is closed: another file may have its number then. */
  #fd: number;

  /**
   * Goes on behind what earlier runs wrote.
   * @throws MillpondError `ERR_OUTPUT_WRITE` where it cannot be written, or holds something else
   */
  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#attempt(() =>
      openSync(systemPath(path), O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK, 0o666),
    );
    try {
      this.#attempt(() => this.#goOn());
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  write(ending: Ending): void {
    this.#attempt(() => this.#append(Buffer.from(resultLine(ending))));
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #goOn(): void {
    const stats = fstatSync(this.#fd);
    if (!stats.isFile()) throw new Error('it is no regular file (- is stdout)');
    if (stats.size === 0) return;
    const start = Buffer.alloc(START.length);
    readSync(this.#fd, start, 0, start.length, 0);
    if (!start.equals(START)) throw new Error('it holds something else');
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, stats.size - 1);
    // A run that was killed in the middle of a line.
    if (last.toString() !== '\n') this.#append(Buffer.from('\n'));
  }

  #append(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw new MillpondError(
        'ERR_OUTPUT_WRITE',
        `Results go into a file of their own with room for them, got '${shown(this.#path)}': ${escaped((cause as Error).message)}. Name another file.`,
        { cause },
      );
    }
  }
}
