/**
 * Puts a run together from the lines of its recording, each checked as it comes: kinds, fields, order in
 * time, histograms.
 *
 * Invariant: what it holds came from whole lines that were all checked, and its size is bounded by {@link
 * LIMITS}.
 */
import type * as v from 'valibot';
import type { Bytes } from '../bytes.ts';
import type { MillpondError } from '../errors.ts';
import type { Decision } from '../regulation/decision.ts';
import { SIGNIFICANT_DIGITS } from '../telemetry/hdr.ts';
import {
  type EndLine,
  type HeaderLine,
  type IntervalLine,
  type PressureLine,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordedSeries,
  type RecordingLine,
  type RecoveryLine,
  type WorkerLostLine,
} from '../telemetry/recording/lines.ts';
import { escaped } from '../text/escaping.ts';
import { countsOf } from './histograms.ts';
import { damaged, foreign, newer, overLimit, valueText } from './invalid-recording.ts';
import { seriesOfJob } from './jobs.ts';
import { LIMITS } from './limits.ts';
import type { RecordedRun } from './recorded-run.ts';
import { check } from './schemas/check.ts';
import { headerLine, LINES } from './schemas/lines.ts';

/** A line in a recording that its writer began, if only in part. */
const BEGUN = '{"kind":"header"';

export class RunBuilder {
  readonly #origin: string;
  #lines = 0;
  #header: HeaderLine | null = null;
  #end: EndLine | null = null;
  readonly #intervals: IntervalLine[] = [];
  readonly #decisions = new Map<number, Decision>();
  readonly #pressures: PressureLine[] = [];
  readonly #recoveries: RecoveryLine[] = [];
  readonly #workersLost: WorkerLostLine[] = [];
  readonly #remarks: string[] = [];
  /** By kind, the time of the last line. */
  readonly #latest = new Map<string, number>();
  #entries = 0;
  #series = 0;
  #counts = 0;
  /** Of everything counted in all histograms. */
  #weight = 0;
  #seconds = 0;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** The next line, without its end. @throws MillpondError `ERR_RECORDING_INVALID` */
  line(text: string): void {
    this.#lines++;
    if (this.#lines > LIMITS.lines) {
      throw overLimit(this.#origin, `a recording has ${LIMITS.lines} lines at most`);
    }
    let given: unknown;
    try {
      given = JSON.parse(text);
    } catch (cause) {
      if (this.#lines === 1 && !text.startsWith(BEGUN)) throw foreign(this.#origin, text);
      throw this.#damaged(`it is not one JSON object (${escaped((cause as Error).message)})`, { cause });
    }
    if (this.#header === null) this.#header = this.#headerOf(given, text);
    else this.#take(given);
  }

  /** What follows the last end of a line: normally nothing. A crash leaves a part of a line. */
  rest(text: string): void {
    if (text === '') return;
    if (isJson(text)) this.line(text);
    else if (this.#header !== null) {
      this.#remarks.push(`Line ${this.#lines + 1} is incomplete and was left out.`);
    } else if (text.startsWith(BEGUN.slice(0, text.length))) {
      throw damaged(this.#origin, 1, 'the file ends in the middle of it, so nothing was recorded');
    } else throw foreign(this.#origin, text);
  }

  build(fileBytes: Bytes): RecordedRun {
    const omitted = this.#intervals.reduce((sum, interval) => sum + (interval.omitted ?? 0), 0);
    if (omitted > 0) {
      this.#remarks.push(
        `Events that were left out of the recording, because too many came at once: ${omitted}.`,
      );
    }
    if (this.#end === null) {
      this.#remarks.push('The recording has no end: the run crashed, or is still running.');
    }
    return {
      origin: this.#origin,
      fileBytes,
      // There is one: a file without a header is refused when its first line, or its rest, is read.
      header: this.#header as HeaderLine,
      intervals: this.#intervals,
      decisions: [...this.#decisions.values()],
      pressures: this.#pressures,
      recoveries: this.#recoveries,
      workersLost: this.#workersLost,
      end: this.#end,
      seconds: this.#seconds,
      remarks: this.#remarks,
    };
  }

  #headerOf(given: unknown, text: string): HeaderLine {
    const { kind, format, version } = (given ?? {}) as Record<string, unknown>;
    if (kind !== 'header' || format !== RECORDING_FORMAT) throw foreign(this.#origin, text);
    if (Number.isSafeInteger(version) && (version as number) > RECORDING_VERSION) {
      throw newer(this.#origin, version as number);
    }
    const header = this.#checked(headerLine, given);
    if (header.significantDigits !== SIGNIFICANT_DIGITS) {
      throw this.#damaged(
        `its field significantDigits is ${SIGNIFICANT_DIGITS}, got ${header.significantDigits}`,
      );
    }
    return header;
  }

  #take(given: unknown): void {
    const kind = (given as { kind?: unknown } | null)?.kind;
    if (typeof kind !== 'string') throw this.#damaged(`its field kind is a text, got ${valueText(kind)}`);
    if (kind === 'header') throw this.#damaged('a recording has one header, and this is another');
    if (!Object.hasOwn(LINES, kind)) return;
    if (this.#end !== null) throw this.#damaged('nothing comes after the end of a recording');
    this.#add(
      this.#checked(LINES[kind as keyof typeof LINES] as v.GenericSchema<unknown, RecordingLine>, given),
    );
  }

  #add(line: RecordingLine): void {
    switch (line.kind) {
      case 'interval':
        this.#addInterval(line);
        return;
      case 'decision':
        this.#inOrder(line.kind, line.decision.atSeconds);
        this.#decisions.set(line.decision.number, line.decision);
        return;
      case 'score': {
        const decision = this.#decisions.get(line.number);
        if (decision !== undefined) this.#decisions.set(line.number, { ...decision, score: line.score });
        return;
      }
      case 'pressure':
        this.#inOrder(line.kind, line.at);
        this.#pressures.push(line);
        return;
      case 'recovery':
        this.#inOrder(line.kind, line.at);
        this.#recoveries.push(line);
        return;
      case 'worker-lost':
        this.#inOrder(line.kind, line.at);
        this.#workersLost.push(line);
        return;
      case 'end':
        this.#end = line;
        this.#seconds = Math.max(this.#seconds, line.at);
    }
  }

  #addInterval(line: IntervalLine): void {
    if (line.to < line.from) {
      throw this.#damaged(`an interval ends after it begins, got ${line.from} to ${line.to}`);
    }
    this.#inOrder('interval', line.from);
    this.#latest.set('interval', line.to);
    const timed = this.#timesOf(line);
    this.#entries += line.shards.length + line.moves.length + line.slowest.length;
    if (this.#entries > LIMITS.entries) {
      throw overLimit(
        this.#origin,
        `the intervals of a recording have ${LIMITS.entries} shards, moves and tasks at most`,
      );
    }
    this.#series += line.series.length + timed.length;
    if (this.#series > LIMITS.series) {
      throw overLimit(this.#origin, `a recording has ${LIMITS.series} histograms at most`);
    }
    for (const [at, series] of [...line.series, ...timed].entries()) {
      let counts: readonly number[];
      try {
        counts = countsOf(series);
      } catch (cause) {
        throw this.#damaged(
          `its histogram ${at < line.series.length ? `series.${at}` : 'of a job'} cannot be read: ${escaped((cause as Error).message)}`,
          {
            cause,
          },
        );
      }
      this.#counts += counts.length / 2;
      if (this.#counts > LIMITS.counts) {
        throw overLimit(this.#origin, `the histograms of a recording have ${LIMITS.counts} counts at most`);
      }
      for (let pair = 1; pair < counts.length; pair += 2) this.#weight += counts[pair];
      if (this.#weight > Number.MAX_SAFE_INTEGER) {
        throw this.#damaged('the counts of all histograms come to 2^53 at most, and with this line to more');
      }
    }
    this.#intervals.push(line);
    this.#seconds = Math.max(this.#seconds, line.to);
  }

  /** How long tasks of each job waited and ran; checks that they are of jobs that there are. */
  #timesOf({ jobs = [] }: IntervalLine): RecordedSeries[] {
    const { length } = this.#header?.jobs ?? [];
    return jobs.flatMap((one) => {
      const { job, slowest } = one;
      if (job >= length) throw this.#damaged(`its job ${job} is one of the ${length} of the header`);
      this.#entries += 1 + slowest.length;
      return seriesOfJob(one);
    });
  }

  /** Lines of one kind are in the order of their times. */
  #inOrder(kind: string, at: number): void {
    const latest = this.#latest.get(kind) ?? 0;
    if (at < latest) throw this.#damaged(`it is of ${at} s and comes after one of ${latest} s`);
    this.#latest.set(kind, at);
    this.#seconds = Math.max(this.#seconds, at);
  }

  #checked<Line>(schema: v.GenericSchema<unknown, Line>, given: unknown): Line {
    const checked = check(schema, given);
    if (checked.fits) return checked.value;
    const { path, what } = checked;
    if (what === null) throw this.#damaged(`it lacks its field ${path}`);
    throw this.#damaged(path === null ? `it is ${what}` : `its field ${path} is ${what}`);
  }

  #damaged(what: string, options?: ErrorOptions): MillpondError {
    return damaged(this.#origin, this.#lines, what, options);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
