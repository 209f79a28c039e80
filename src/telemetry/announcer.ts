/**
 * Announces events: to the log, to subscribers of the diagnostics channels, and to the recording. Main
 * thread; decides nothing.
 */
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Move } from '../coordinator/rebalance.ts';
import type { Leak } from '../pool/leases.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import type { Decision } from '../regulation/decision.ts';
import type { PressureLevel } from '../regulation/pressure.ts';
import type { PressureSnapshot } from '../regulation/snapshots.ts';
import { channels, type RebalanceMessage } from './channels.ts';
import { type Log, type LogEvent, leakEvent } from './log.ts';
import type { RunRecording } from './recording/recording.ts';

/** A thread that goes on when the runtime has closed. */
type LeftThread = Omit<LogEvent & { event: 'thread-left' }, 'event'>;

/** A worker that died. */
interface LostWorker {
  /** Its row in the ledger. */
  readonly row: number;
  /** The name of the last task that it was given, if any. */
  readonly task: string | undefined;
  /** The job of that task, where the runtime has several. */
  readonly job: string | undefined;
  /** What killed it, if that is known. */
  readonly cause: Error | undefined;
}

export class Announcer {
  readonly #log: Log;
  readonly #ledger: Ledger;
  readonly #recording: RunRecording | null;
  /** Leases that were forgotten outside of tasks. */
  leaks = 0;

  constructor(log: Log, ledger: Ledger, recording: RunRecording | null) {
    this.#log = log;
    this.#ledger = ledger;
    this.#recording = recording;
  }

  decided(decision: Decision): void {
    channels.sizing.publish(() => decision);
    this.#recording?.decided(decision);
    const { kind, reason, blockBytes, bytes, inputs } = decision;
    this.#log.write({
      event: kind === 'emergency' ? 'emergency' : 'sizing',
      kind,
      reason,
      ...inputs,
      ...(blockBytes !== undefined && { blockBytes }),
      ...(bytes !== undefined && { bytes }),
    });
  }

  judged(decision: Decision): void {
    channels.sizing.publish(() => decision);
    this.#recording?.judged(decision);
    const { number, kind, score } = decision;
    if (score !== null) this.#log.write({ event: 'score', decision: number, kind, ...score });
  }

  pressureChanged(from: PressureLevel, to: PressureLevel, pressure: PressureSnapshot): void {
    channels.pressure.publish(() => ({ from, to, pressure }));
    this.#recording?.pressureChanged(from, to, pressure);
    const { ledgerShare, processShare, rssBytes } = pressure;
    this.#log.write({ event: 'pressure', from, to, ledgerShare, processShare, rssBytes });
  }

  emergencyEnded(end: { recovered: boolean; milliseconds: number; recoveredBytes: Bytes }): void {
    const { recovered, milliseconds, recoveredBytes } = end;
    const wholeMs = Math.round(milliseconds);
    this.#recording?.emergencyEnded(end);
    this.#log.write({ event: 'recovery', recovered, milliseconds: wholeMs, recoveredBytes });
  }

  rebalanced(moves: readonly Move[]): void {
    const message = (): RebalanceMessage => ({
      moves: moves.map((move) => ({ ...move, tier: TIER_NAMES[move.tier] })),
    });
    channels.rebalance.publish(message);
    this.#recording?.moved(message());
  }

  workerLost({ row, task, job, cause }: LostWorker, exitCode: number, reclaimedBytes: Bytes): void {
    const named = { ...(task !== undefined && { task }), ...(job !== undefined && { job }) };
    const known = { shard: row, exitCode, ...named };
    channels.workerLost.publish(() => ({ ...known, reclaimedBytes }));
    this.#recording?.workerLost(known);
    this.#log.write({
      event: 'worker-death',
      ...known,
      ...(cause !== undefined && { cause: cause.message }),
    });
    this.#log.write({ event: 'reclaim', shard: row, bytes: reclaimedBytes });
  }

  /** Code of a task that was over, or of none, threw in a worker, which is replaced. */
  strayed(shard: number, named: { readonly task?: string; readonly job?: string }, error: Error): void {
    const { name, message, stack } = error;
    this.#log.write({
      event: 'stray-error',
      shard,
      ...named,
      error: `${name}: ${message}`,
      ...(stack && { stack }),
    });
  }

  /** The runtime closes without these threads. */
  left(threads: readonly LeftThread[]): void {
    for (const thread of threads) this.#log.write({ event: 'thread-left', ...thread });
  }

  /** Requests of a shard ended without memory, the last of them while so much was in use. */
  exhausted(shard: number, requests: number, usedBytes: Bytes): void {
    const limitBytes = this.#ledger.limitKib * KiB;
    this.#log.write({ event: 'exhaustion', shard, requests, limitBytes, usedBytes });
  }

  /** A thread ended with leases that nobody released. */
  leaked(thread: string, leaks: readonly Leak[]): void {
    if (leaks.length === 0) return;
    this.leaks += leaks.length;
    this.#log.write(leakEvent(thread, leaks));
  }
}
