/**
 * Who asks for what: clients, sizes with a heavy tail, how long work really takes, how quickly bodies come.
 * All of it by chance, from one seed.
 */
import type { WorkKind } from '../../../src/service/admission/speeds.ts';
import type { Choices } from '../choices.ts';

/** One client's way of asking. */
export interface ClientRules {
  readonly name: string;
  readonly weight: number;
  /** Its part of all requests, beside the others'. */
  readonly rate: number;
  /** Of its requests, those that are for whole tracks. */
  readonly tracks: number;
  readonly priority?: number;
}

export interface Workload {
  /** Work that is asked for, as a part of what all cores can do. */
  readonly load: number;
  readonly cores: number;
  readonly seconds: number;
  readonly clients: readonly ClientRules[];
  /** Of bodies: bytes a millisecond, of half of them. */
  readonly bytesMs: number;
  /** Of those that are refused, the part that comes back when it is told to. */
  readonly returns: number;
  /** Of those that are admitted, the part that leaves before its end. */
  readonly leaves: number;
  readonly withinMs: number;
}

/** One request, as it really is. */
export interface Request {
  readonly client: ClientRules;
  readonly kind: WorkKind;
  readonly headKind: WorkKind;
  readonly bytes: number;
  readonly seconds: number;
  readonly headSeconds: number | null;
  readonly probedSeconds: number | null;
  /** Of a core. */
  readonly workMs: number;
  readonly uploadMs: number;
  /** After its body was whole; null for one that stays. */
  readonly leavesMs: number | null;
}

interface RealKind {
  readonly kind: WorkKind;
  readonly share: number;
  readonly fixedMs: number;
  /** Times real time. */
  readonly speed: number;
  readonly bytesSecond: number;
}

/**
 * As they are on a machine that is 1.6 times slower than the one of the guesses, and some of them off that.
 */
const KINDS: readonly RealKind[] = [
  real('wav', 'mp3', false, 0.2, 46, 176_400),
  real('mp3', 'mp3', false, 0.1, 44, 24_000),
  real('wav', 'flac', false, 0.15, 380, 176_400),
  real('flac', 'opus', false, 0.15, 62, 95_000),
  real('mp3', 'm4a', true, 0.1, 22, 24_000),
  real('flac', 'analyze', false, 0.15, 210, 110_000),
  // Nobody knows what is in there, nor what that takes.
  real('tta', 'mp3', true, 0.1, 20, 120_000),
  real('unknown', 'vorbis', false, 0.05, 120, 60_000),
];

function real(
  from: string,
  to: string,
  processed: boolean,
  share: number,
  speed: number,
  bytesSecond: number,
): RealKind {
  return { kind: { from, to, processed }, share, speed, bytesSecond, fixedMs: 14 };
}

/** From 0 to below 1. */
export function part(chance: Choices): number {
  return chance.pick(2 ** 30) / 2 ** 30;
}

export function exponential(chance: Choices, mean: number): number {
  return -Math.log(1 - part(chance)) * mean;
}

function normal(chance: Choices): number {
  return Math.sqrt(-2 * Math.log(1 - part(chance))) * Math.cos(2 * Math.PI * part(chance));
}

function logNormal(chance: Choices, median: number, spread: number): number {
  return median * Math.exp(spread * normal(chance));
}

export function request(chance: Choices, client: ClientRules, workload: Workload): Request {
  const { kind, speed, fixedMs, bytesSecond } = picked(chance, KINDS, ({ share }) => share);
  const track = part(chance) < client.tracks;
  const seconds = track
    ? Math.min(7200, logNormal(chance, 220, 0.8))
    : Math.max(0.3, Math.min(40, logNormal(chance, 4, 0.7)));
  const bytes = Math.round(seconds * bytesSecond * Math.exp(0.2 * normal(chance)));
  // What differs from file to file, and what else the machine does.
  const odd = part(chance) < 0.01 ? 3 : 1;
  const workMs = (fixedMs + (1000 * seconds) / speed) * Math.exp(0.18 * normal(chance)) * odd;
  return {
    client,
    kind,
    headKind: part(chance) < 0.7 ? kind : { ...kind, from: 'unknown' },
    bytes,
    seconds,
    headSeconds: part(chance) < 0.2 ? seconds : null,
    probedSeconds: part(chance) < 0.9 ? seconds : null,
    workMs,
    uploadMs: 1 + bytes / logNormal(chance, workload.bytesMs, 0.6),
    leavesMs: part(chance) < workload.leaves ? exponential(chance, workMs * 2) : null,
  };
}

/** The mean work of a request, by trying. */
export function meanWorkMs(chance: Choices, workload: Workload, tries = 30_000): number {
  let sum = 0;
  for (let i = 0; i < tries; i++) {
    sum += request(chance, askingClient(chance, workload), workload).workMs;
  }
  return sum / tries;
}

export function askingClient(chance: Choices, { clients }: Workload): ClientRules {
  return picked(chance, clients, ({ rate }) => rate);
}

function picked<T>(chance: Choices, from: readonly T[], share: (item: T) => number): T {
  let left = part(chance) * from.reduce((sum, item) => sum + share(item), 0);
  for (const item of from) {
    left -= share(item);
    if (left < 0) return item;
  }
  return from[from.length - 1];
}
