/**
 * The jobs of requests, each in another process: it opens a file with the body, and writes into another one,
 * which is there and has room. Runs on the front process's thread; holds nothing.
 */
import type { AnalyzeResult } from '../audio/analysis/request.ts';
import type { TranscodeResult, TranscodeSettings } from '../audio/plan/request.ts';
import type { Timed, TimedByPart } from '../audio/timed.ts';
import type { IntoRequest, ReadAs } from '../audio/transcode-into.ts';
import type { Bytes } from '../bytes.ts';
import { isMillpondError } from '../errors.ts';
import type { IsolatedRunner } from '../isolation/isolated-runner.ts';
import type { RunOptions } from '../runtime/runner.ts';
import type { Body } from './body.ts';
import { typeOf } from './deliver.ts';
import { begun, type Growing } from './growing.ts';
import type { LeaseShare } from './lease-share.ts';
import type { ServiceSettings } from './options.ts';
import { outputBound } from './output-bound.ts';
import type { Probed } from './probe/probe.ts';
import { madeOf, madeOfText, type Result } from './results.ts';
import { isSameStreamed } from './same-streamed.ts';
import type { WorkDir, WorkFile } from './work-dir.ts';

/** What a request asks for. */
export type Job =
  | {
      readonly kind: 'transcode';
      readonly settings: TranscodeSettings;
      readonly verify: boolean;
      /** Its first bytes go out while the rest is made. */
      readonly streamed: boolean;
    }
  | { readonly kind: 'analyze'; readonly silenceDb: number | undefined };

export interface JobParts {
  readonly settings: ServiceSettings;
  readonly runner: IsolatedRunner;
  readonly workDir: WorkDir;
  /** For results that are small. */
  readonly memory: LeaseShare;
}

/** One job, with what it is made of. */
export interface Task {
  readonly job: Job;
  /** What messages call the audio. */
  readonly name: string;
  readonly body: Body;
  readonly probed: Probed;
  readonly address: string;
  /** Of what is sent while it is made: is called when there is something. */
  began(growing: Growing): void;
}

interface Worked {
  readonly result: Result;
  /** By the clock of its thread. */
  readonly workMs: number;
  /** Of it; 0 where nothing is encoded. */
  readonly encodeMs: number;
}

/** @throws MillpondError as the jobs, and `ERR_WORK_DIR_FULL`; the signal's reason */
export function run(task: Task, parts: JobParts, signal: AbortSignal): Promise<Worked> {
  const { job } = task;
  if (job.kind === 'analyze') return analyzed(task, job, parts, signal);
  return transcoded(task, job, parts, signal);
}

async function analyzed(
  { name, body, address }: Task,
  { silenceDb }: Job & { kind: 'analyze' },
  { runner, settings, memory, workDir }: JobParts,
  signal: AbortSignal,
): Promise<Worked> {
  const input = {
    input: body.input(name),
    maxSeconds: mostSeconds(settings, body.bytes),
    ...(silenceDb !== undefined && { silenceDb }),
  };
  const done = await runner.run<Timed<AnalyzeResult>>(input, how('analyze', name, settings, signal));
  const { workMs, warnings, waveform: _, ...measured } = done;
  const text = `${JSON.stringify({ schema: 'millpond.analysis/1', ...measured, notes: warnings })}\n`;
  const made = madeOfText(text, memory, workDir);
  const type = 'application/json; charset=utf-8';
  return { result: { address, made, type, notes: warnings }, workMs, encodeMs: 0 };
}

type Transcoding = Job & { kind: 'transcode' };
type Transcoded = TimedByPart<Omit<TranscodeResult, 'leases' | 'file'>>;

async function transcoded(
  task: Task,
  job: Transcoding,
  parts: JobParts,
  signal: AbortSignal,
): Promise<Worked> {
  const { workDir, settings, memory } = parts;
  const { name, body, address, probed } = task;
  const most = Math.min(settings.maxOutputBytes, workDir.limitBytes);
  const type = typeOf(job.settings.to);
  using stack = new DisposableStack();
  const input = body.input(name);
  const create = (): WorkFile =>
    stack.use(workDir.create(Math.min(most, outputBound(job.settings, probed, body.bytes))));
  const make = (file: WorkFile, readAs: ReadAs): Promise<Transcoded> => {
    const request: IntoRequest = {
      ...job.settings,
      input,
      output: file.given('the output'),
      readAs,
      verify: job.verify,
      maxSeconds: mostSeconds(settings, body.bytes),
      maxOutputBytes: file.room.bytes,
    };
    return parts.runner.run<Transcoded>(request, how('transcode', name, settings, signal));
  };
  const makeIn = (file: WorkFile, readAs: ReadAs): Promise<Transcoded> =>
    make(file, readAs).catch((error) => {
      // The header said less than there is. What is sent meanwhile goes on behind what is there.
      const again = isMillpondError(error) && error.code === 'ERR_OUTPUT_TOO_LARGE';
      if (!again || file.room.bytes >= most || !file.room.resize(most)) throw error;
      return make(file, readAs);
    });
  const ended = (file: WorkFile, { warnings: notes, workMs, encodeMs }: Transcoded): Worked => {
    file.settle();
    stack.move();
    return { result: { address, type, notes, made: madeOf(file, memory) }, workMs, encodeMs };
  };
  const file = create();
  const readAs = readAsOf(job, probed);
  if (readAs === 'whole') return ended(file, await makeIn(file, readAs));
  try {
    return ended(file, await growing(task, type, file, makeIn(file, readAs)));
  } catch (error) {
    if (readAs !== 'promised' || !isAudioError(error)) throw error;
    // A promise was not kept. It is the result of others, too, who wait for all of it.
    file[Symbol.dispose]();
    const whole = create();
    return ended(whole, await makeIn(whole, 'whole'));
  }
}

function isAudioError(error: unknown): boolean {
  return isMillpondError(error) && /^ERR_AUDIO_(?:DECODE|UNSUPPORTED)$/.test(error.code);
}

/** Of what is read meanwhile: tells when there is something. */
async function growing(
  { address, began }: Task,
  type: string,
  file: WorkFile,
  done: Promise<Transcoded>,
): Promise<Transcoded> {
  await begun(file, done);
  if (file.sizeNow() > 0) began({ address, type, file, ended: done, held: file.retain() });
  return done;
}

function readAsOf({ streamed, settings }: Transcoding, probed: Probed): ReadAs {
  if (!streamed) return 'whole';
  return settings.to === 'wav' && isSameStreamed(settings, probed) ? 'promised' : 'stream';
}

function how(job: string, name: string, { jobTimeoutMs }: ServiceSettings, signal: AbortSignal): RunOptions {
  return { job, name, signal, timeoutMs: jobTimeoutMs };
}

/** Digital silence in FLAC has twice as many, and nothing that was recorded has as few. */
const LEAST_BYTES_A_SECOND = 64;
const FREE_SECONDS = 600;

/** A few bytes that decode to hours cost a thread, and room for an output. */
function mostSeconds({ maxSeconds }: ServiceSettings, bodyBytes: Bytes): number {
  return Math.min(maxSeconds, FREE_SECONDS + bodyBytes / LEAST_BYTES_A_SECOND);
}
