/** Threads end, or are known not to, while FFmpeg reads leases there. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startProgram } from '../e2e/millpond.ts';
import { bytes, start } from './audio-open.ts';

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
  // In a process of its own: with a thread inside native code, the end of a process may be an abort.
  const { child, ended } = startProgram(process.execPath, [
    '--conditions=millpond-source',
    fileURLToPath(new URL('kept-thread.ts', import.meta.url)),
  ]);
  child.stdout!.once('data', () => child.kill('SIGKILL'));
  const { stdout, stderr } = await ended;
  expect(stderr).toBe('');
  const { lost, waiting, left, endBytes } = JSON.parse(stdout);
  expect(lost).toEqual({ code: 'ERR_WORKER_LOST', message: expect.stringContaining("'greedy'") });
  expect(waiting).toEqual({
    code: 'ERR_WORKER_LOST',
    message: expect.stringContaining('Start a new process'),
  });
  expect(left).toHaveLength(1);
  expect(endBytes).toBeGreaterThan(0);
});
