/**
 * The parts of a worker's thread, wired together once: its shard, its mailbox and the memory of its task.
 * Ports, memory, clock and recorder come from outside, so that a worker thread and a simulated one are the
 * same.
 */
import type { Ledger } from '../budget/ledger.ts';
import type { Answer, ToWorker } from '../messages/asks.ts';
import type { Leak } from '../pool/leases.ts';
import type { PoolOptions } from '../pool/options.ts';
import { Shard } from '../pool/shard.ts';
import type { LeaseRecorder, Supply } from '../pool/supply.ts';
import { Emitter } from './emitter.ts';
import { Mailbox } from './mailbox.ts';
import { Responder } from './responder.ts';
import { RowCounts, type Surroundings } from './supply.ts';
import { TaskFrame } from './task-frame.ts';
import { TaskLoop, type TaskLoopPorts } from './task-loop.ts';

interface WorkerPorts<OwnSupply extends Supply> {
  readonly ledger: Ledger;
  /** The row that the thread claimed. */
  readonly row: number;
  readonly options: PoolOptions;
  readonly recorder: LeaseRecorder;
  /** Makes the thread's supply. */
  supply(around: Surroundings): OwnSupply;
  /** The next message of the coordinator, if any; never blocks. */
  receive(): ToWorker | undefined;
  /** @throws when the message cannot be posted; the buffers are then still here */
  post(message: Answer, transfer: ArrayBuffer[]): void;
  readonly tasks: TaskLoopPorts;
  /** The shard has closed: it is empty. */
  closed(leaks: Leak[]): void;
}

export interface WorkerParts<OwnSupply extends Supply = Supply> {
  readonly shard: Shard;
  readonly supply: OwnSupply;
  readonly counts: RowCounts;
  readonly mailbox: Mailbox<ToWorker>;
  readonly frame: TaskFrame;
  readonly loop: TaskLoop;
  readonly emitter: Emitter;
}

export function wireWorker<OwnSupply extends Supply>(ports: WorkerPorts<OwnSupply>): WorkerParts<OwnSupply> {
  const { ledger, row, options, recorder } = ports;
  const words = ledger.row(row);
  const supply = ports.supply({
    canBlock: true,
    safepoint: () => mailbox.drain(),
    returnLoan: ({ loan, buffer }) => ports.post({ kind: 'loan', loan, buffer }, [buffer]),
    // Only the main thread gets memory from results, so a worker has nothing to send back.
    goesBack: () => false,
    currentTask: () => loop.current,
    currentCancelled: () => loop.currentCancelled,
    othersHold: () => loop.othersHold,
  });
  const counts = new RowCounts(ledger, row);
  const shard = new Shard({
    options,
    // The coordinator sends quota in answer to the hello.
    quotas: [0, 0, 0],
    words: words.shardWords(),
    supply,
    counts,
    recorder,
  });
  const responder = new Responder(shard, {
    post: (message, transfer) => ports.post(message, transfer),
    cancelled: (task) => loop.cancel(task),
    closed: (leaks) => ports.closed(leaks),
  });
  const mailbox = new Mailbox<ToWorker>(ports, words, (message) => responder.handle(message));
  const frame = new TaskFrame(shard);
  const loop = new TaskLoop(ports.tasks, frame, words, () => supply.safepoint());
  const post: TaskLoopPorts['post'] = (message, transfer) => ports.tasks.post(message, transfer);
  const emitter = new Emitter({ supply, words, frame, loop, post });
  return { shard, supply, counts, mailbox, frame, loop, emitter };
}
