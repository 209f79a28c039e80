import { describe, expect, it } from 'vitest';
import { Fence } from '../../src/cluster/fence.ts';

describe('a fence', () => {
  const at = (ms: number, sentMs = 0, ...renewals: number[]): boolean => {
    const fence = new Fence(1000, sentMs, () => ms);
    for (const renewal of renewals) fence.renewed(renewal);
    return fence.isOpen;
  };

  it('is open for 0.8 of the lock, from when that was asked for', () => {
    expect([at(0), at(799), at(800), at(5000)]).toEqual([true, true, false, false]);
    expect([at(1799, 1000), at(1800, 1000)]).toEqual([true, false]);
  });

  it('opens again from when a renewal was sent, not from when its answer came', () => {
    expect([at(1299, 0, 500), at(1300, 0, 500)]).toEqual([true, false]);
  });

  it('is not closed by an answer that comes late', () => {
    expect(at(1299, 0, 500, 300)).toBe(true);
  });
});
