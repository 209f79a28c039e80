import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { type Groups, makeGroups } from './control-groups.ts';
import type { Limited } from './limited-process.ts';
import type { Pressed } from './pressed-process.ts';

let groups: Groups | null = null;
afterEach(() => {
  groups?.remove();
  groups = null;
});

async function limited(
  context: TestContext,
  program: string,
  limits: { cores: number; memoryBytes: number },
): Promise<unknown> {
  const made = makeGroups(limits);
  if ('refused' in made) {
    console.warn(`skipped, as control groups can't be made here: ${made.refused}`);
    return context.skip(made.refused);
  }
  groups = made;
  const { code, signal, stdout, stderr } = await made.run(fileURLToPath(new URL(program, import.meta.url)))
    .ended;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

describe('a process with half a core and 256 MiB', () => {
  it('knows both, is busy with half a core, and takes no file cache for scarcity', async (context) => {
    const limits = { cores: 0.5, memoryBytes: 256 * MiB };
    const result = (await limited(context, './limited-process.ts', limits)) as Limited;
    const { cores, busyShare, before, withCache, withMemory } = result;
    expect(cores).toBe(0.5);
    expect(busyShare).toBeGreaterThan(0.8);
    for (const memory of [before, withCache, withMemory]) expect(memory.limitBytes).toBe(256 * MiB);
    // 128 MiB are half of the limit.
    expect(withCache.share! - before.share!).toBeLessThan(0.15);
    expect(withMemory.share! - withCache.share!).toBeGreaterThan(0.3);
    expect(withMemory.share).toBeLessThanOrEqual(1);
  });
});

describe('a runtime whose process nears the limit of its container', () => {
  // The kernel may take back what others hold, or the collector free some, at that very moment.
  it('has an emergency that frees what is idle, ends by itself, and does not come back while memory stays', {
    retry: 2,
  }, async (context) => {
    const limits = { cores: 2, memoryBytes: 800 * MiB };
    const result = (await limited(context, './pressed-process.ts', limits)) as Pressed;
    const { idleBefore, idleAfter, snapshot, events } = result;
    expect(snapshot.pressure.limitBytes).toBe(800 * MiB);
    // The ledger had no part in it.
    expect(snapshot.pressure.secondsAtLevel.critical).toBeGreaterThan(0);
    expect([snapshot.pressure.ledgerLevel, snapshot.pressure.ledgerShare < 0.5]).toEqual(['nominal', true]);
    expect([idleBefore, idleAfter]).toEqual([8 * MiB, 0]);
    // It did what it could, which was not enough.
    expect(snapshot.cleanup).toMatchObject({ emergencies: 1, recovered: 0, recoverySuccessRate: 0 });
    expect(snapshot.cleanup.recovery.count).toBe(1);
    expect(snapshot.pressure.processShare).toBeGreaterThan(0.94);
    expect([snapshot.pressure.emergency, snapshot.pressure.level]).toEqual([false, 'nominal']);
    expect(events.filter((event) => event === 'emergency' || event === 'recovery')).toEqual([
      'emergency',
      'recovery',
    ]);
  });
});
