/** Threads end, or are known not to, while FFmpeg reads leases there. */
import { expect, it } from 'vitest';
import { createRuntime, type Runtime } from '../../src/index.ts';
import { to16, tone, wav } from '../audio/wav.ts';

const bytes = wav([to16(tone(8000, 8000, 440))], { rate: 8000 });

function start(): Promise<Runtime> {
  return createRuntime({
    job: new URL('../jobs/audio-open.ts', import.meta.url),
    threads: 1,
    logLevel: 'silent',
    resourceLimits: { maxOldGenerationSizeMb: 40 },
  });
}

it.each(['well', 'leaving it open'])('a thread whose tasks end %s is ended', async (ends) => {
  const runtime = await start();
  for (let task = 0; task < 3; task++) expect(await runtime.run({ bytes, ends })).toBe(8000);
  expect(await runtime.close()).toMatchObject({ endBytes: 0, left: [] });
});

it.each(['by process.exit', 'by an error'])('a thread that ends %s is replaced', async (ends) => {
  const runtime = await start();
  for (let task = 0; task < 3; task++) {
    await expect(runtime.run({ bytes, ends })).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
  }
  expect(await runtime.run({ bytes, ends: 'well' })).toBe(8000);
  expect(await runtime.close()).toMatchObject({ endBytes: 0, left: [] });
});

it('a thread that V8 ends is kept by native code: its task is lost, what waits is told, and it is named', async () => {
  const runtime = await start();
  const lost = runtime.run({ bytes, ends: 'by a full heap' }, { name: 'greedy' });
  const waiting = runtime.run({ bytes, ends: 'well' });
  await expect(lost).rejects.toMatchObject({
    code: 'ERR_WORKER_LOST',
    message: expect.stringContaining("'greedy'"),
  });
  await expect(waiting).rejects.toMatchObject({
    code: 'ERR_WORKER_LOST',
    message: expect.stringContaining('Start a new process'),
  });
  const { left, endBytes } = await runtime.close({ timeoutMs: 100 });
  expect(left).toHaveLength(1);
  expect(endBytes).toBeGreaterThan(0);
});
