import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { GcWatch } from '../../src/telemetry/gc.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';

const SOURCE = new URL('../../src/telemetry/gc.ts', import.meta.url).href;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Pause {
  readonly kind: string;
  readonly nanoseconds: number;
}

let watch: GcWatch;
let pauses: Pause[] = [];

function start(): void {
  pauses = [];
  watch = new GcWatch((kind, nanoseconds) => pauses.push({ kind: GC_KINDS[kind], nanoseconds }));
}

function count(kind: string): number {
  return pauses.filter((pause) => pause.kind === kind).length;
}

afterEach(() => watch.stop());

describe('the watch over the garbage collector', () => {
  it.each([
    ['major', { type: 'major', execution: 'sync' }],
    ['minor', { type: 'minor', execution: 'sync' }],
  ] as const)('records a %s collection with the nanoseconds that it stopped the thread', async (kind, options) => {
    start();
    globalThis.gc!(options);
    while (count(kind) === 0) await turn();
    for (const { nanoseconds } of pauses) {
      expect(Number.isInteger(nanoseconds)).toBe(true);
      // No collection takes less than a microsecond, and none of an empty heap takes ten seconds.
      expect(nanoseconds).toBeGreaterThan(1000);
      expect(nanoseconds).toBeLessThan(10e9);
    }
  });

  it('hears of all pauses inside a long task when the loop turns, and of none before', async () => {
    start();
    for (let round = 0; round < 5; round++) globalThis.gc!({ type: 'minor', execution: 'sync' });
    watch.flush();
    expect(count('minor')).toBe(0);
    while (pauses.length === 0) await turn();
    expect(count('minor')).toBeGreaterThanOrEqual(5);
  });

  it('has after a flush what the loop has brought, and has it once', async () => {
    start();
    globalThis.gc!({ type: 'minor', execution: 'sync' });
    await turn();
    expect(count('minor')).toBe(0);
    watch.flush();
    expect(count('minor')).toBeGreaterThan(0);
    for (let turns = 0; turns < 5; turns++) await turn();
    const lengths = pauses.map(({ nanoseconds }) => nanoseconds);
    expect(lengths).toEqual([...new Set(lengths)]);
  });

  it('records nothing after it was stopped', async () => {
    start();
    watch.stop();
    const before = pauses.length;
    globalThis.gc!({ type: 'minor', execution: 'sync' });
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(pauses).toHaveLength(before);
  });

  it('does not keep a thread alive, and knows nothing of the pauses of another', async () => {
    start();
    const worker = new Worker(
      `import(${JSON.stringify(SOURCE)}).then(({ GcWatch }) => {
        new GcWatch(() => {});
        for (let round = 0; round < 50; round++) gc({ type: 'minor', execution: 'sync' });
      });`,
      { eval: true },
    );
    expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(0);
    expect(count('minor')).toBeLessThan(50);
  });
});
