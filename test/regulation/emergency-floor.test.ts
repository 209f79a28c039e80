import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { hoard } from '../coordinator/ports.ts';
import { LARGE, MEDIUM, SMALL } from '../stand.ts';
import { start } from './regulated.ts';

describe('an emergency', () => {
  it('leaves to a loop that holds nothing the buffers that it takes and gives back', () => {
    const { main, shards, pass, regulator } = start({ budgetBytes: 32 * MiB });
    const [looping, other] = shards;
    hoard(other, LARGE, 2);
    const turn = () => {
      for (const size of [SMALL, MEDIUM, LARGE]) looping.acquire(size).release();
    };
    for (let round = 0; round < 8; round++, pass(50)) turn();
    main.acquireAll(Array.from({ length: 28 }, () => LARGE));
    for (; !regulator.pressure.emergency; pass(50)) turn();
    const { allocations } = looping.supply;
    for (let round = 0; round < 60; round++, pass(50)) turn();
    expect([regulator.pressure.emergency, looping.supply.allocations]).toEqual([true, allocations]);
    expect([looping.idleCounts, other.idleCounts]).toEqual([
      [1, 1, 1],
      [0, 0, 0],
    ]);
  });

  it('gives a place to a loop that begins while it goes on, and takes it when the loop is over', () => {
    const { main, shards, pass, quotas, regulator } = start({ budgetBytes: 32 * MiB });
    main.acquireAll(Array.from({ length: 31 }, () => LARGE));
    pass(400);
    expect([regulator.pressure.emergency, quotas.of(1)]).toEqual([true, [0, 0, 0]]);
    for (let round = 0; round < 8; round++, pass(50)) shards[0].acquire(MEDIUM).release();
    expect([shards[0].idleCounts, quotas.of(1)]).toEqual([
      [0, 1, 0],
      [0, 1, 0],
    ]);
    pass(400);
    expect([regulator.pressure.emergency, shards[0].idleCounts, quotas.of(1)]).toEqual([
      true,
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('of process memory is over when nothing is idle but what it leaves, and is judged by what it frees', () => {
    const { shards, pass, now, decisions, regulator, told } = start({ budgetBytes: 32 * MiB });
    const [looping, other] = shards;
    const turn = () => {
      for (const lease of looping.acquireAll([LARGE, MEDIUM, MEDIUM])) lease.release();
    };
    hoard(other, LARGE, 4);
    for (let round = 0; round < 8; round++, pass(50)) turn();
    now.processShare = 0.99;
    for (; !regulator.pressure.emergency; pass(50)) turn();
    const [decision] = decisions.filter(({ kind }) => kind === 'emergency');
    expect(decision.bytes).toBe(4 * MiB);
    for (let round = 0; round < 40 && regulator.pressure.emergency; round++, pass(50)) turn();
    // Its least time; it would be 5 s where much is idle.
    expect(told.at(-1)).toBe('over in 1000 ms');
    expect([looping.idleCounts, other.idleCounts]).toEqual([
      [0, 2, 1],
      [0, 0, 0],
    ]);
  });
});
