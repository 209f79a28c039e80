import { describe, expect, it } from 'vitest';
import { Counting } from '../../src/budget/counting.ts';
import { KiB, MiB } from '../../src/bytes.ts';
import { FRESH, WAITED } from '../../src/pool/causes.ts';
import type { Decision } from '../../src/regulation/decision.ts';
import { LARGE, MEDIUM } from '../stand.ts';
import { start } from './regulated.ts';

const kinds = (decisions: readonly Decision[]): string[] => decisions.map(({ kind }) => kind);

describe('requests', () => {
  it('are a share of the busy time that decisions show, less what the clock takes', () => {
    const { now, pass, ledger, decisions } = start({ budgetBytes: 64 * MiB }, { readNanoseconds: 30 });
    const counts = new Counting(ledger.row(1));
    for (let at = 0; at < 200; at++) {
      // Of 50 ms, 1000 requests of 4 us: 8 % of one thread.
      for (let request = 0; request < 1000; request++) counts.served(FRESH, 1);
      counts.spent(FRESH, 1000 * 4030);
      counts.spent(WAITED, 500_000);
      now.loopMs += 50;
      pass(50);
    }
    expect(decisions[0]).toMatchObject({ kind: 'grow', blockBytes: 96 * KiB });
    expect(decisions[0].reason).toBe(
      'Requests take 8.0 % of the busy time, and no work is reported: 64 KiB to 96 KiB',
    );
    expect(decisions[0].inputs.acquireShare).toBeCloseTo(0.08, 9);
    expect(decisions[0].inputs.waitShare).toBeCloseTo(0.01, 9);
  });

  it('of the main thread count for nothing, since it does other work while they wait', () => {
    const { now, pass, ledger, decisions } = start({ budgetBytes: 64 * MiB });
    const counts = new Counting(ledger.row(0));
    for (let at = 0; at < 200; at++) {
      counts.spent(FRESH, 20e6);
      now.loopMs += 50;
      pass(50);
    }
    expect(decisions).toEqual([]);
  });
});

it('a shadow decides on the same figures, and nothing follows', () => {
  const { main, pass, ledger, regulator, decisions } = start(
    { budgetBytes: 32 * MiB, sizing: 'adaptive' },
    { shadow: { shrinkFactor: 0.5 } },
  );
  main.acquireAll(Array.from({ length: 26 }, () => LARGE));
  pass(200);
  expect(ledger.header.blockBytes).toBe(48 * KiB);
  expect(kinds(decisions)).toEqual(['shrink']);
  const { shadow } = regulator.decisions;
  expect([shadow?.blockBytes, shadow?.counts.shrink]).toEqual([32 * KiB, 1]);
});

it('a shadow of the same policy does the same, and counts the same', () => {
  const { now, pass, ledger, regulator, decisions } = start({ budgetBytes: 64 * MiB }, { shadow: {} });
  now.busy = 1;
  for (let at = 0; at < 300; at++) pass(50, 1e6 * (1 + Math.log2(ledger.header.blockBytes / KiB)));
  const { shadow, counts } = regulator.decisions;
  expect(counts.grow).toBeGreaterThan(1);
  expect(shadow).toEqual({ blockBytes: ledger.header.blockBytes, counts });
  expect(kinds(decisions).filter((kind) => kind === 'grow')).toHaveLength(counts.grow);
});

it('moves of the coordinator between two looks are one decision', () => {
  const { pass, decisions, regulator } = start();
  regulator.rebalanced([
    { kind: 'quota', tier: 1, from: 0, to: 1, count: 9 },
    { kind: 'buffers', tier: 1, from: 0, to: 1, count: 3 },
  ]);
  regulator.rebalanced([{ kind: 'buffers', tier: 2, from: 0, to: 1, count: 1 }]);
  pass(400);
  expect(decisions).toMatchObject([{ kind: 'rebalance', bytes: 3 * MEDIUM + LARGE }]);
  regulator.rebalanced([{ kind: 'buffers', tier: 1, from: 0, to: 1, count: 1 }]);
  pass(400);
  expect(decisions.slice(1)).toMatchObject([{ kind: 'rebalance', bytes: MEDIUM }]);
});
