/**
 * The way of a request from its head to its result. Runs on the front process's thread, and owns nothing
 * beyond its requests.
 * Invariants: memory and files are held only for admitted requests; a result's bytes were made in a
 * process of their own, from the whole body.
 */
import type { Readable } from 'node:stream';
import type { AnalyzeResult } from '../audio/analysis/request.ts';
import type { TranscodeResult, TranscodeSettings } from '../audio/plan/request.ts';
import type { Timed } from '../audio/timed.ts';
import { contentAddress } from '../batch/content-address.ts';
import type { Bytes } from '../bytes.ts';
import { isMillpondError } from '../errors.ts';
import type { IsolatedRunner } from '../isolation/isolated-runner.ts';
import { nowMs } from '../timers.ts';
import { type Body, receiveBody, workDirFull } from './body.ts';
import { typeOf } from './deliver.ts';
import type { Makings } from './makings.ts';
import type { ServiceSettings } from './options.ts';
import { outputBound } from './output-bound.ts';
import { type Probed, probe } from './probe/probe.ts';
import { madeOfFile, madeOfLeases, madeOfText, type Result, type Results } from './results.ts';
import type { Place, Turns } from './turns.ts';
import type { Room, WorkDir } from './work-dir.ts';

export interface WorkParts {
  readonly settings: ServiceSettings;
  readonly runner: IsolatedRunner;
  readonly turns: Turns;
  readonly results: Results;
  readonly makings: Makings;
  readonly workDir: WorkDir;
  /** The engine fingerprint. */
  readonly engine: string;
}

/** What a request asks for. */
export type Job =
  | { readonly kind: 'transcode'; readonly settings: TranscodeSettings; readonly verify: boolean }
  | { readonly kind: 'analyze'; readonly silenceDb: number | undefined };

interface WorkRequest {
  readonly job: Job;
  /** Who asks. */
  readonly client: string;
  readonly weight: number;
  /** What messages call the audio. */
  readonly name: string;
  readonly priority: number;
  /** By then, from now, it has to be done. */
  readonly withinMs: number;
  readonly ticket: string | null;
  readonly body: Readable;
  /** As the head says; null where it does not. */
  readonly length: Bytes | null;
  /** Is called when the body may come. */
  begin(): void;
  /** The client has gone, or its time is up. */
  readonly signal: AbortSignal;
}

/** Milliseconds. */
interface Times {
  receivedMs: number;
  queuedMs: number;
  workMs: number;
}

interface Answer {
  readonly result: Result;
  /** As `Server-Timing` has it. */
  readonly timing: string;
}

/** @throws MillpondError as `receiveBody` and the jobs; `Refusal`; the signal's reason */
export async function answer(request: WorkRequest, parts: WorkParts): Promise<Answer> {
  const { results, makings } = parts;
  const { job, client, signal } = request;
  const begunMs = nowMs();
  const times: Times = { receivedMs: 0, queuedMs: 0, workMs: 0 };
  const { place, body, probed } = await received(request, parts);
  times.receivedMs = nowMs() - begunMs;
  const address = addressOf(job, body, parts.engine);
  const found = results.find(address, client);
  let result: Result;
  if (found !== null || makings.has(address)) {
    body[Symbol.dispose]();
    place[Symbol.dispose]();
  }
  if (found !== null) result = found;
  else {
    const make = (cancel: AbortSignal): Promise<Result> =>
      made({ request, place, body, probed, address, times }, parts, cancel);
    result = await makings.get(address, client, signal, make);
  }
  return { result, timing: timingOf(times, nowMs() - begunMs) };
}

async function received(
  request: WorkRequest,
  { turns, runner, workDir, settings }: WorkParts,
): Promise<{ place: Place; body: Body; probed: Probed }> {
  const { job, client, length, signal, priority, withinMs, ticket } = request;
  const kind = { to: job.kind === 'analyze' ? 'analyze' : job.settings.to, processed: isProcessed(job) };
  const asked = {
    client,
    kind: { ...kind, from: 'unknown' },
    bodyBytes: length,
    seconds: null,
    priority,
    withinMs,
    ...(ticket !== null && { ticket }),
  };
  using stack = new DisposableStack();
  const place = stack.use(turns.ask(asked));
  request.begin();
  const rules = { length, mostBytes: settings.maxBodyBytes, minRate: settings.minRate, signal };
  const body = stack.use(await receiveBody(request.body, rules, { pool: runner.pool, workDir }));
  const probed = probe((target, position) => body.read(target, position), body.bytes);
  const { family, seconds } = probed;
  place.arrived({ kind: { ...kind, from: family }, seconds, bytes: body.bytes });
  stack.move();
  return { place, body, probed };
}

function isProcessed(job: Job): boolean {
  if (job.kind === 'analyze') return false;
  const { gainDb = 0, fadeInSeconds = 0, fadeOutSeconds = 0, rate } = job.settings;
  return gainDb !== 0 || fadeInSeconds > 0 || fadeOutSeconds > 0 || rate !== undefined;
}

function addressOf(job: Job, { sha256 }: Body, engine: string): string {
  const settings = job.kind === 'transcode' ? job.settings : { to: 'analyze', silenceDb: job.silenceDb };
  return contentAddress({ source: sha256, settings, engine });
}

interface Making {
  readonly request: WorkRequest;
  readonly place: Place;
  readonly body: Body;
  readonly probed: Probed;
  readonly address: string;
  readonly times: Times;
}

async function made(making: Making, parts: WorkParts, cancel: AbortSignal): Promise<Result> {
  const { place, body, request, times } = making;
  using _place = place;
  using _body = body;
  const waitsMs = nowMs();
  const { job } = request;
  const { result, workMs } = await place.take(cancel, () => {
    times.queuedMs = nowMs() - waitsMs;
    return job.kind === 'analyze'
      ? analyzed(making, job, parts, cancel)
      : transcoded(making, job, parts, cancel);
  });
  times.workMs = workMs;
  return result;
}

interface Worked {
  readonly result: Result;
  readonly workMs: number;
}

async function analyzed(
  { request, body, address }: Making,
  { silenceDb }: Job & { kind: 'analyze' },
  { runner, settings }: WorkParts,
  signal: AbortSignal,
): Promise<Worked> {
  const input = {
    input: body.input(request.name),
    maxSeconds: settings.maxSeconds,
    ...(silenceDb !== undefined && { silenceDb }),
  };
  const { timeoutMs, name } = { timeoutMs: settings.jobTimeoutMs, name: request.name };
  const {
    workMs,
    warnings,
    waveform: _,
    ...measured
  } = await runner.run<Timed<AnalyzeResult>>(input, {
    job: 'analyze',
    signal,
    timeoutMs,
    name,
  });
  const text = `${JSON.stringify({ schema: 'millpond.analysis/1', ...measured, notes: warnings })}\n`;
  const type = 'application/json; charset=utf-8';
  return { result: { address, made: madeOfText(text), type, notes: warnings }, workMs };
}

async function transcoded(
  making: Making,
  job: Job & { kind: 'transcode' },
  parts: WorkParts,
  signal: AbortSignal,
): Promise<Worked> {
  const { workDir, settings } = parts;
  const { body, probed } = making;
  const most = Math.min(settings.maxOutputBytes, workDir.limitBytes);
  const bound = Math.min(most, outputBound(job.settings, probed, body.bytes));
  const room = workDir.reserve(bound);
  if (room === null) throw workDirFull(workDir);
  using stack = new DisposableStack();
  stack.use(room);
  const input = body.input(making.request.name);
  const made = await transcodedIn(room, { making, job, input }, parts, signal).catch((error) => {
    // The header said less than there is.
    const again = isMillpondError(error) && error.code === 'ERR_OUTPUT_TOO_LARGE' && 'path' in input;
    if (!again || room.bytes >= most || !room.resize(most)) throw error;
    return transcodedIn(room, { making, job, input }, parts, signal);
  });
  const { leases, file, warnings, workMs } = made;
  const about = { address: making.address, type: typeOf(job.settings.to), notes: warnings };
  if (leases !== null) return { result: { ...about, made: madeOfLeases(leases) }, workMs };
  if (file === null) throw new Error('an output that was to be in memory is nowhere');
  room.resize(file.bytes);
  stack.move();
  return { result: { ...about, made: madeOfFile(file, room) }, workMs };
}

function transcodedIn(
  room: Room,
  {
    making,
    job,
    input,
  }: { making: Making; job: Job & { kind: 'transcode' }; input: ReturnType<Body['input']> },
  { runner, settings }: WorkParts,
  signal: AbortSignal,
): Promise<Timed<TranscodeResult>> {
  const request = {
    ...job.settings,
    input,
    output: { leases: true },
    verify: job.verify,
    maxSeconds: settings.maxSeconds,
    maxOutputBytes: room.bytes,
  };
  const { name } = making.request;
  return runner.run<Timed<TranscodeResult>>(request, {
    job: 'transcode',
    signal,
    timeoutMs: settings.jobTimeoutMs,
    name,
  });
}

function timingOf({ receivedMs, queuedMs, workMs }: Times, totalMs: number): string {
  const parts = { receive: receivedMs, queue: queuedMs, work: workMs, total: totalMs };
  return Object.entries(parts)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
    .join(', ');
}
