import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { FRESH, HIT, REFUSED } from '../../src/pool/causes.ts';
import { createRuntime } from '../../src/runtime/runtime.ts';
import { channels } from '../../src/telemetry/channels.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

function hear(name: string, during: () => void): unknown[] {
  const heard: unknown[] = [];
  const listener = (message: unknown) => void heard.push(message);
  subscribe(name, listener);
  try {
    during();
  } finally {
    unsubscribe(name, listener);
  }
  return heard;
}

describe('a channel', () => {
  it('builds a message for subscribers only', () => {
    let built = 0;
    const publish = () => channels.releaseToMemory.publish(() => ({ tier: 'large', bytes: ++built }));
    publish();
    expect(hear('millpond:release-to-memory', publish)).toEqual([{ tier: 'large', bytes: 1 }]);
    publish();
    expect(built).toBe(1);
  });

  it('tells of every request that was not served at once, and of no other', () => {
    const recorder = new Recorder();
    const heard = hear('millpond:acquire-slow-path', () => {
      recorder.record(HIT, 0, 30, 64, 4 * KiB, 4 * KiB);
      recorder.record(FRESH, 1, 5000, 1, 10 * KiB, 64 * KiB);
      recorder.record(REFUSED, 2, 7000, 1, 100 * KiB, 0);
      recorder.lifetime(0, 900, 1);
    });
    expect(heard).toEqual([
      { cause: 'fresh', tier: 'medium', bytes: 10 * KiB, nanoseconds: 5000 },
      { cause: 'refused', tier: 'large', bytes: 100 * KiB, nanoseconds: 7000 },
    ]);
  });

  it('of a worker is heard of in a file of its job', async () => {
    const job = new URL('../jobs/listening.ts', import.meta.url);
    await using runtime = await createRuntime({ job, threads: 1, logLevel: 'silent' });
    const slowPath = { cause: 'fresh', tier: 'medium', bytes: 10 * KiB, nanoseconds: expect.any(Number) };
    expect(await runtime.run(10 * KiB)).toEqual([slowPath]);
  });

  it('has a message of a type that users can import, named in the documentation', () => {
    const topics = [...read('src/telemetry/channels.ts').matchAll(/new Topic<(\w+)>\('([a-z:-]+)'\)/g)];
    expect(topics).toHaveLength(Object.keys(channels).length);
    for (const [, type, name] of topics) {
      expect(read('src/index.ts')).toMatch(new RegExp(`\\b${type}\\b`));
      expect(read('docs/telemetry.md')).toMatch(new RegExp(`^\\| \`${name}\` \\|.*\`${type}\``, 'm'));
    }
  });

  it('is in the documentation, and the documentation has no other', () => {
    const names = (text: string, each: RegExp) => [...text.matchAll(each)].map(([, name]) => name).toSorted();
    expect(names(read('docs/telemetry.md'), /^\| `(millpond:[a-z-]+)` \|/gm)).toEqual(
      names(read('src/telemetry/channels.ts'), />\('(millpond:[a-z-]+)'\)/g),
    );
  });
});
