/** The jobs of requests, each in another process. Runs on the front process's thread; holds nothing. */
import type { AnalyzeResult } from '../audio/analysis/request.ts';
import type { TranscodeResult, TranscodeSettings } from '../audio/plan/request.ts';
import type { Timed, TimedByPart } from '../audio/timed.ts';
import type { Bytes } from '../bytes.ts';
import { isMillpondError } from '../errors.ts';
import type { IsolatedRunner } from '../isolation/isolated-runner.ts';
import type { RunOptions } from '../runtime/runner.ts';
import { type Body, workDirFull } from './body.ts';
import { typeOf } from './deliver.ts';
import { begun, type Growing } from './growing.ts';
import type { ServiceSettings } from './options.ts';
import { outputBound } from './output-bound.ts';
import type { Probed } from './probe/probe.ts';
import { madeOfFile, madeOfLeases, madeOfText, type Result } from './results.ts';
import type { Room, WorkDir } from './work-dir.ts';

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
  return job.streamed ? progressive(task, job, parts, signal) : transcoded(task, job, parts, signal);
}

async function analyzed(
  { name, body, address }: Task,
  { silenceDb }: Job & { kind: 'analyze' },
  { runner, settings }: JobParts,
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
  const type = 'application/json; charset=utf-8';
  return { result: { address, made: madeOfText(text), type, notes: warnings }, workMs, encodeMs: 0 };
}

type Transcoding = Job & { kind: 'transcode' };

async function transcoded(
  task: Task,
  job: Transcoding,
  parts: JobParts,
  signal: AbortSignal,
): Promise<Worked> {
  const input = task.body.input(task.name);
  using stack = new DisposableStack();
  const { room, most } = outputRoom(task, job, parts, stack);
  const done = await transcodedIn(room, { ...task, job, input }, parts, signal).catch((error) => {
    // The header said less than there is.
    const again = isMillpondError(error) && error.code === 'ERR_OUTPUT_TOO_LARGE' && 'path' in input;
    if (!again || room.bytes >= most || !room.resize(most)) throw error;
    return transcodedIn(room, { ...task, job, input }, parts, signal);
  });
  const { leases, file, warnings, workMs, encodeMs } = done;
  const about = { address: task.address, type: typeOf(job.settings.to), notes: warnings };
  if (leases !== null) return { result: { ...about, made: madeOfLeases(leases) }, workMs, encodeMs };
  if (file === null) throw new Error('an output that was to be in memory is nowhere');
  room.resize(file.bytes);
  stack.move();
  return { result: { ...about, made: madeOfFile(file, room) }, workMs, encodeMs };
}

/** Into a file that is read meanwhile. */
async function progressive(
  { name, body, address, began, probed }: Task,
  job: Transcoding,
  parts: JobParts,
  signal: AbortSignal,
): Promise<Worked> {
  const { runner, settings, workDir } = parts;
  using stack = new DisposableStack();
  const { room } = outputRoom({ body, probed }, job, parts, stack);
  const file = stack.use(workDir.create());
  const type = typeOf(job.settings.to);
  const task = {
    ...job.settings,
    input: body.input(name),
    output: { path: file.path, name: 'the stream' },
    maxSeconds: mostSeconds(settings, body.bytes),
    maxOutputBytes: room.bytes,
  };
  const options = how('progressive', name, settings, signal);
  const done = runner.run<TimedByPart<TranscodeResult>>(task, options);
  await begun(file, done);
  if (file.sizeNow() > 0) began({ address, type, file, ended: done, held: file.retain() });
  const { warnings: notes, workMs, encodeMs } = await done;
  file.settle();
  room.resize(file.bytes);
  stack.move();
  return { result: { address, type, notes, made: madeOfFile(file, room) }, workMs, encodeMs };
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

/**
 * As much as the output can come to, and the most that one may have.
 * @throws MillpondError `ERR_WORK_DIR_FULL`
 */
function outputRoom(
  { body, probed }: Pick<Task, 'body' | 'probed'>,
  { settings: asked }: Transcoding,
  { workDir, settings }: JobParts,
  stack: DisposableStack,
): { room: Room; most: Bytes } {
  const most = Math.min(settings.maxOutputBytes, workDir.limitBytes);
  const room = workDir.reserve(Math.min(most, outputBound(asked, probed, body.bytes)));
  if (room === null) throw workDirFull(workDir);
  return { room: stack.use(room), most };
}

function transcodedIn(
  room: Room,
  {
    body,
    name,
    job,
    input,
  }: Pick<Task, 'body' | 'name'> & { job: Transcoding; input: ReturnType<Body['input']> },
  { runner, settings }: JobParts,
  signal: AbortSignal,
): Promise<TimedByPart<TranscodeResult>> {
  const request = {
    ...job.settings,
    input,
    output: { leases: true },
    verify: job.verify,
    maxSeconds: mostSeconds(settings, body.bytes),
    maxOutputBytes: room.bytes,
  };
  return runner.run<TimedByPart<TranscodeResult>>(request, how('transcode', name, settings, signal));
}
