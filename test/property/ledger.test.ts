import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/budget/ledger.ts';
import { AtomicMemory, type Memory } from '../../src/budget/memory.ts';
import { KiB } from '../../src/bytes.ts';

/**
 * Runs programs of ledger calls on logical threads that are switched between any two atomic steps. A step is
 * one call of the memory; a thread is run anew from the start of its current call with the answers it already
 * had, and halted at the first new one. That is why a call may have no side effect besides its atomic steps.
 */
type Call = (ledger: Ledger) => void;

class Halt extends Error {}

function interleave(
  shared: SharedArrayBuffer,
  programs: readonly (readonly Call[])[],
  choose: (of: number) => number,
  check: () => void,
): void {
  const words = new Int32Array(shared);
  const real = new AtomicMemory(words);
  const threads = programs.map((program) => ({ program, call: 0, answers: [] as number[] }));
  for (;;) {
    const runnable = threads.filter((thread) => thread.call < thread.program.length);
    if (runnable.length === 0) return;
    const thread = runnable[choose(runnable.length)];
    let replayed = 0;
    let fresh = 0;
    const step = (action: () => number): number => {
      if (replayed < thread.answers.length) return thread.answers[replayed++];
      if (fresh++ > 0) throw new Halt();
      thread.answers.push(action());
      replayed++;
      return thread.answers[replayed - 1];
    };
    const memory: Memory = {
      load: (at) => step(() => real.load(at)),
      store: (at, value) => {
        step(() => {
          real.store(at, value);
          return 0;
        });
      },
      add: (at, value) => step(() => real.add(at, value)),
      compareExchange: (at, expected, value) => step(() => real.compareExchange(at, expected, value)),
      notify: () => {},
    };
    try {
      thread.program[thread.call](new Ledger(shared, memory, () => 0));
      thread.call++;
      thread.answers = [];
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
    }
    check();
  }
}

describe('racing threads', () => {
  it('never hold more than the budget together, whatever the order of their atomic steps', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1000 }), { minLength: 50, maxLength: 400 }), (choices) => {
        const { shared } = Ledger.create(3, 100 * KiB);
        // What each thread really holds: after a successful reservation, until before its un-charge.
        const holds = [0, 0, 0];
        // Of these, what left 25 KiB to others.
        const lasting = [0, 0, 0];
        const keep =
          (row: number, kib: number): Call =>
          (ledger) => {
            if (!ledger.reserve(row, kib, 25)) return;
            holds[row] += kib;
            lasting[row] += kib;
          };
        const reserve =
          (row: number, kib: number): Call =>
          (ledger) => {
            if (ledger.reserve(row, kib)) holds[row] += kib;
          };
        const move =
          (from: number, to: number): Call =>
          (ledger) => {
            if (holds[2] > 0) ledger.move(from, to, holds[2]);
          };
        let next = 0;
        interleave(
          shared,
          [
            [keep(0, 45), reserve(0, 60), keep(0, 10), reserve(0, 30)],
            [keep(1, 45), reserve(1, 60), keep(1, 20), reserve(1, 50)],
            // A charge that travels while the others count: a scan may see it in neither row.
            [reserve(2, 40), move(2, 0), move(0, 2), move(2, 1)],
          ],
          (of) => choices[next++ % choices.length] % of,
          () => {
            expect(holds[0] + holds[1] + holds[2]).toBeLessThanOrEqual(100);
            expect(lasting[0] + lasting[1]).toBeLessThanOrEqual(75);
          },
        );
        expect(new Ledger(shared).sumKib()).toBe(holds[0] + holds[1] + holds[2]);
        expect(new Ledger(shared).peakKib).toBeLessThanOrEqual(100);
      }),
      { numRuns: 2000 },
    );
  });

  it('really racing, hold the budget too', async () => {
    const { shared } = Ledger.create(4, 256 * KiB);
    const live = new SharedArrayBuffer(12);
    const source = `
      const { workerData } = require('node:worker_threads');
      import(workerData.url).then(({ Ledger }) => {
        const ledger = new Ledger(workerData.shared);
        const live = new Int32Array(workerData.live);
        Atomics.add(live, 2, 1);
        while (Atomics.load(live, 2) < 4);
        for (let round = 0; round < 20000; round++) {
          const kib = 1 + ((round * 7919 + workerData.row * 104729) % 100);
          if (!ledger.reserve(workerData.row, kib)) continue;
          // Counted inside the reservation: what all hold at once can only be undercounted by this.
          const now = Atomics.add(live, 0, kib) + kib;
          if (now > 256) Atomics.store(live, 1, now);
          Atomics.sub(live, 0, kib);
          ledger.uncharge(workerData.row, kib);
        }
      });`;
    const url = new URL('../../src/budget/ledger.ts', import.meta.url).href;
    const workers = [0, 1, 2, 3].map(
      (row) => new Worker(source, { eval: true, workerData: { shared, live, row, url } }),
    );
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
    const ledger = new Ledger(shared);
    expect(new Int32Array(live)[1]).toBe(0);
    expect(ledger.sumKib()).toBe(0);
    expect(ledger.peakKib).toBeGreaterThan(100);
    expect(ledger.peakKib).toBeLessThanOrEqual(256);
  });
});
