/**
 * The way of a request from its head to its result. Runs on the front process's thread, and owns nothing
 * beyond its requests.
 * Invariants: memory and files are held only for admitted requests; a result's bytes were made in a
 * process of their own, from the whole body.
 */
import type { Readable } from 'node:stream';
import { contentAddress } from '../batch/content-address.ts';
import type { Bytes } from '../bytes.ts';
import { nowMs } from '../timers.ts';
import { type Body, checkLength, receiveBody } from './body.ts';
import type { Growing } from './growing.ts';
import { type Job, type JobParts, run, type Task } from './jobs.ts';
import type { LeaseShare } from './lease-share.ts';
import type { Makings } from './makings.ts';
import { type Probed, probe } from './probe/probe.ts';
import type { Family } from './probe/told.ts';
import type { Result, Results } from './results.ts';
import { isSameStreamed } from './same-streamed.ts';
import type { SharedTurn } from './shared-turn.ts';
import type { Place, Turns } from './turns.ts';

export interface WorkParts extends JobParts {
  /** For bodies that are small. */
  readonly bodies: LeaseShare;
  readonly turns: Turns;
  readonly results: Results;
  readonly makings: Makings;
  /** The engine fingerprint. */
  readonly engine: string;
}

interface WorkRequest {
  readonly job: Job;
  /** Who asks. */
  readonly client: string;
  /** What messages call the audio. */
  readonly name: string;
  /** What it is likely to be, by what its head calls it. */
  readonly from: Family;
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
  encodeMs: number;
}

interface Answer {
  /** Whole, or while it is made. */
  readonly of: { readonly result: Result } | { readonly growing: Growing };
  /** As `Server-Timing` has it. */
  readonly timing: string;
}

/** @throws MillpondError as `receiveBody` and the jobs; `Refusal`; the signal's reason */
export async function answer(request: WorkRequest, parts: WorkParts): Promise<Answer> {
  const { results, makings } = parts;
  const { job, client, signal } = request;
  const begunMs = nowMs();
  const times: Times = { receivedMs: 0, queuedMs: 0, workMs: 0, encodeMs: 0 };
  const { place, body, probed } = await received(request, parts);
  times.receivedMs = nowMs() - begunMs;
  const address = addressOf(job, body, probed, parts.engine);
  const found = results.find(address, client);
  if (found !== null || makings.has(address)) body[Symbol.dispose]();
  if (found !== null) place[Symbol.dispose]();
  const timing = (): string => timingOf(times, nowMs() - begunMs);
  if (found !== null) return { of: { result: found }, timing: timing() };
  const began = Promise.withResolvers<Growing>();
  const task = { job, name: request.name, body, probed, address, began: began.resolve };
  const asker = { client, signal, place, untilMs: begunMs + request.withinMs };
  const made = makings.get(address, asker, (turn, cancel) => make({ turn, task, times }, parts, cancel));
  // Of what nobody takes: its client has gone, or it was over before anybody looked, and is sent whole.
  const letGo = (): void => void began.promise.then(({ held }) => held[Symbol.dispose]());
  const first = await Promise.race([
    made.then((result) => ({ result })),
    began.promise.then((growing) => ({ growing })),
  ]).catch((error) => {
    letGo();
    throw error;
  });
  if ('result' in first) {
    letGo();
    return { of: first, timing: timing() };
  }
  // What becomes the result may be another file than the one that is sent.
  const ended = Promise.all([first.growing.ended, made]);
  ended.catch(() => {});
  return { of: { growing: { ...first.growing, ended } }, timing: timing() };
}

async function received(
  request: WorkRequest,
  { turns, bodies, workDir, settings }: WorkParts,
): Promise<{ place: Place; body: Body; probed: Probed }> {
  const { job, client, length, signal, from, priority, withinMs, ticket } = request;
  const kind = { to: job.kind === 'analyze' ? 'analyze' : job.settings.to, processed: isProcessed(job) };
  const asked = {
    client,
    kind: { ...kind, from },
    bodyBytes: length,
    seconds: null,
    priority,
    withinMs,
    ...(ticket !== null && { ticket }),
  };
  // What can never be taken is not asked for, not even its body.
  checkLength(length, settings.maxBodyBytes);
  using stack = new DisposableStack();
  const place = stack.use(turns.ask(asked));
  request.begin();
  const rules = {
    length,
    mostBytes: settings.maxBodyBytes,
    minRate: settings.minRate,
    signal,
    came: place.came.bind(place),
  };
  const body = stack.use(await receiveBody(request.body, rules, { leases: bodies, workDir }));
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

function addressOf(job: Job, { sha256 }: Body, probed: Probed, engine: string): string {
  const settings =
    job.kind === 'analyze'
      ? { to: 'analyze', silenceDb: job.silenceDb }
      : // Where a stream has other bytes it is another result.
        {
          ...job.settings,
          ...(job.streamed && !isSameStreamed(job.settings, probed) && { delivery: 'stream' }),
        };
  return contentAddress({ source: sha256, settings, engine });
}

interface Making {
  readonly turn: SharedTurn;
  readonly task: Task;
  readonly times: Times;
}

async function make({ turn, task, times }: Making, parts: WorkParts, cancel: AbortSignal): Promise<Result> {
  using _turn = turn;
  using _body = task.body;
  const waitsMs = nowMs();
  const { result, workMs, encodeMs } = await turn.take(cancel, () => {
    times.queuedMs = nowMs() - waitsMs;
    return run(task, parts, cancel);
  });
  times.workMs = workMs;
  times.encodeMs = encodeMs;
  return result;
}

function timingOf({ receivedMs, queuedMs, workMs, encodeMs }: Times, totalMs: number): string {
  const parts = {
    receive: receivedMs,
    queue: queuedMs,
    decode: workMs - encodeMs,
    encode: encodeMs,
    work: workMs,
    total: totalMs,
  };
  return Object.entries(parts)
    .map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`)
    .join(', ');
}
