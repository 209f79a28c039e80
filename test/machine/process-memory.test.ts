import { describe, expect, it } from 'vitest';
import { readProcessMemory } from '../../src/machine/process-memory.ts';

type MemorySources = NonNullable<Parameters<typeof readProcessMemory>[0]>;

const unknown = () => {
  throw new Error('not on this machine');
};
const sources = (known: Partial<MemorySources>): MemorySources => ({
  rssBytes: unknown,
  machineBytes: unknown,
  availableBytes: unknown,
  constrainedBytes: unknown,
  groups: unknown,
  ...known,
});
const machine = { rssBytes: () => 300, machineBytes: () => 1000, availableBytes: () => 500 };

describe('the memory of the process', () => {
  it.each<[string, Partial<MemorySources>, ReturnType<typeof readProcessMemory>]>([
    ['is unknown where nothing can be read', {}, { rssBytes: 0, limitBytes: null, share: null }],
    [
      'stands beside what it could still get, without a container',
      { ...machine, groups: () => [] },
      { rssBytes: 300, limitBytes: 1000, share: 300 / 800 },
    ],
    [
      'stands beside nothing where Node does not know what is free',
      { ...machine, availableBytes: () => undefined },
      { rssBytes: 300, limitBytes: 1000, share: null },
    ],
    [
      "stands beside a container's limit",
      { ...machine, groups: () => [{ limitBytes: 400, heldBytes: 100 }] },
      { rssBytes: 300, limitBytes: 400, share: 0.75 },
    ],
    [
      'gives way to what all of the container holds, where that is more',
      { ...machine, groups: () => [{ limitBytes: 400, heldBytes: 360 }] },
      { rssBytes: 300, limitBytes: 400, share: 0.9 },
    ],
    [
      'is limited by the least limit, and as scarce as on the scarcest level',
      {
        ...machine,
        groups: () => [
          { limitBytes: 400, heldBytes: 300 },
          { limitBytes: 800, heldBytes: 720 },
        ],
      },
      { rssBytes: 300, limitBytes: 400, share: 0.9 },
    ],
    [
      'is all there is to compare where the container does not say what it holds',
      { ...machine, groups: () => [{ limitBytes: 400, heldBytes: null }] },
      { rssBytes: 300, limitBytes: 400, share: 0.75 },
    ],
    [
      'is over its share where the limit was lowered under it',
      { ...machine, groups: () => [{ limitBytes: 200, heldBytes: null }] },
      { rssBytes: 300, limitBytes: 200, share: 1.5 },
    ],
    [
      'stands beside the limit that Node knows, where there are no control groups',
      { ...machine, groups: () => null, constrainedBytes: () => 600 },
      { rssBytes: 300, limitBytes: 600, share: 0.5 },
    ],
    ...[undefined, 0, 1000, 2 ** 64, Number.NaN].map(
      (constrained): [string, Partial<MemorySources>, ReturnType<typeof readProcessMemory>] => [
        `takes a limit of ${constrained} for none`,
        { ...machine, constrainedBytes: () => constrained },
        { rssBytes: 300, limitBytes: 1000, share: 300 / 800 },
      ],
    ),
  ])('%s', (_what, known, memory) => {
    expect(readProcessMemory(sources(known))).toEqual(memory);
  });

  it('is read on this machine', () => {
    const { rssBytes, limitBytes, share } = readProcessMemory();
    expect(rssBytes).toBeGreaterThan(1_000_000);
    expect(limitBytes).toBeGreaterThan(rssBytes);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  });
});
