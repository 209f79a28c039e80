/**
 * One task of the stress test: it acquires, checks, hands on and releases as its seed says, and ends as its
 * fate says.
 * Invariant: every lease that it lets go of, and every one that it was given, still held its own stamp and
 * nothing else.
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { defineJob, type JobContext, MillpondError } from '../../src/worker.ts';
import { Dice, type Stamped, stamp, verify, verifyScrubbed } from './contents.ts';
import { countInto, type WitnessWords } from './witness.ts';

export const FATES = [
  'returns',
  'forgets',
  'throws',
  'exits',
  'throws outside',
  'fills the heap',
  'leaves a pin',
] as const;
export type Fate = (typeof FATES)[number];

export interface Order {
  readonly seed: number;
  readonly operations: number;
  readonly fate: Fate;
  readonly mostBytes: number;
  readonly scrub: boolean;
  readonly witness: WitnessWords;
  /** Handed on by the main thread, of its own memory or of other tasks' results. */
  readonly given: readonly Stamped[];
}

export interface Done {
  readonly operations: number;
  /** Requests that got no memory in time. */
  readonly refused: number;
  readonly pins: number;
  readonly handed: readonly Stamped[];
}

const HELD_MOST = 24;
/** With some hundred operations in a task, hand-offs are 8 in 100 of them. */
const HANDED_MOST = 10;
/** Most requests that starve give way at once, or nobody would ever do anything but wait. */
const TIMEOUTS_MS = [...Array.from({ length: 27 }, () => 0), 1, 1, 20];

const deflate = promisify(zlib.deflate);

export default defineJob(async (order: Order, { pool, signal }: JobContext): Promise<Done> => {
  countInto(order.witness);
  const dice = new Dice(order.seed);
  const held: Stamped[] = [...order.given];
  const handed: Stamped[] = [];
  const count = { operations: 0, refused: 0, pins: 0 };
  for (const one of held) verify(one, 'in an input');

  for (; count.operations < order.operations && !signal.aborted; count.operations++) {
    const what = dice.below(1000);
    if (what < 450) acquire();
    else if (what < 900) release();
    else if (what < 918) refill();
    else if (what < 919) await compress();
    else if (what < 920) resize();
    else hand();
  }
  return await end();

  function acquire(): void {
    if (held.length >= HELD_MOST) {
      release();
      return;
    }
    const length = dice.length(order.mostBytes);
    const pattern = dice.word() | 0;
    const timeoutMs = dice.pick(TIMEOUTS_MS);
    orRefused(() => {
      const lease = pool.acquire(length, { timeoutMs });
      if (order.scrub) verifyScrubbed(lease, 'after acquire');
      held.push(stamp(lease, pattern, false));
    });
  }

  function release(): void {
    const one = takeOne();
    if (one === undefined) return;
    verify(one, 'at release');
    one.lease.release();
  }

  function refill(): void {
    const one = takeOne();
    if (one === undefined) return;
    verify(one, 'before it is filled');
    const filled = stamp(one.lease, dice.word() | 0, true);
    verify(filled, 'after it was filled');
    held.push(filled);
  }

  function resize(): void {
    const one = takeOne();
    if (one === undefined) return;
    const length = dice.length(order.mostBytes);
    const kept = Math.min(length, one.lease.length);
    const before = one.lease.bytes.slice(0, kept);
    orRefused(() => one.lease.resize(length));
    // Refused or not, what both lengths have in common is still there.
    if (Buffer.compare(before, one.lease.bytes.subarray(0, kept)) !== 0) {
      throw new Error(`MIXED CONTENTS after resize from ${before.length} to ${length} bytes`);
    }
    held.push(stamp(one.lease, one.pattern, false));
  }

  /** Native work that goes on beside this thread; what it read must have been the lease's own. */
  async function compress(): Promise<void> {
    const one = takeOne();
    if (one === undefined) return;
    count.pins++;
    const length = Math.min(one.lease.length, 65_536);
    const before = Buffer.from(one.lease.bytes.subarray(0, length));
    const pin = one.lease.pin();
    const packed = await deflate(one.lease.bytes.subarray(0, length), { level: 1 });
    pin.release();
    held.push(one);
    verify(one, 'after native work');
    if (!zlib.inflateSync(packed).equals(before)) throw new Error('MIXED CONTENTS in what zlib read');
  }

  function hand(): void {
    const one = handed.length < HANDED_MOST ? takeOne() : undefined;
    if (one !== undefined) handed.push(one);
  }

  async function end(): Promise<Done> {
    switch (order.fate) {
      case 'throws':
        throw new RangeError('the job had enough');
      case 'exits':
        process.exit(dice.below(3));
        break;
      case 'throws outside':
        setImmediate(() => {
          throw new Error('thrown outside the task');
        });
        return await new Promise<Done>(() => {});
      case 'fills the heap': {
        const kept: number[][] = [];
        for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => at + 0.5));
      }
      case 'leaves a pin': {
        const one = takeOne();
        if (one === undefined) break;
        const pin = one.lease.pin();
        zlib.deflate(one.lease.bytes, () => pin.release());
        break;
      }
      case 'returns':
        while (held.length > 0) release();
        break;
    }
    for (const one of handed) verify(one, 'in a result');
    return { ...count, handed };
  }

  function takeOne(): Stamped | undefined {
    return held.length === 0 ? undefined : held.splice(dice.below(held.length), 1)[0];
  }

  function orRefused(request: () => void): void {
    try {
      request();
    } catch (error) {
      // Over the budget for now, or cancelled while waiting: both are told by their codes.
      if (!(error instanceof MillpondError)) throw error;
      if (error.code !== 'ERR_BUDGET_EXHAUSTED' && error.code !== 'ERR_TASK_WAITING') throw error;
      count.refused++;
      for (let left = held.length / 2; left > 0; left--) release();
    }
  }
});
