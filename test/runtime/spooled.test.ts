/** Files that tasks return: opened by the main thread, gone with their owner, whatever dies. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import type { SpooledFile } from '../../src/files/spool.ts';
import { closedAfterEach, raised, sharedWords } from './started.ts';

const start = closedAfterEach();
const spoolFolder = mkdtempSync(join(tmpdir(), 'millpond-spooled-'));
afterAll(() => rmSync(spoolFolder, { recursive: true }));

/** What is in the folder, and what of it this process has open, named or not. */
function left(folder = spoolFolder): string[] {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return [...readdirSync(folder), ...open.filter((path) => path.startsWith(folder))];
}

const bytes = 200_000;
const expected = Buffer.concat([1, 2, 3, 4].map((fill) => Buffer.alloc(65_536, fill))).subarray(0, bytes);

describe('a spooled file in a result', () => {
  it("is the caller's, has no name, and is gone when it is disposed of", async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    const { file } = await runtime.run<{ file: SpooledFile }>({ do: 'return', bytes });
    expect(file.bytes).toBe(bytes);
    expect(readdirSync(spoolFolder)).toEqual([]);
    expect(left()).toEqual([expect.stringMatching(/ \(deleted\)$/)]);
    const target = Buffer.alloc(bytes + 10);
    expect(file.read(target, 0)).toBe(bytes);
    expect(target.subarray(0, bytes).equals(expected)).toBe(true);
    expect(await buffer(file.createReadStream())).toEqual(expected);
    file[Symbol.dispose]();
    expect(left()).toEqual([]);
    expect(() => file.read(target, 0)).toThrow(expect.objectContaining({ code: 'ERR_FILE_CLOSED' }));
  });

  it('is one in all places where it stood', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    const result = await runtime.run<{ first: SpooledFile; list: SpooledFile[] }>({ do: 'twice', bytes });
    expect(result.list).toEqual([result.first]);
    expect(result.list[0]).toBe(result.first);
    result.first[Symbol.dispose]();
    expect(left()).toEqual([]);
  });

  it.each(['forget', 'throw'])('is gone at the end of a task that does not return it: %s', async (what) => {
    const { runtime, events } = await start('spooling', { spoolFolder, threads: 1 });
    await runtime.run({ do: what, bytes }, { name: 'careless' }).catch(() => {});
    expect(left()).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'leak', task: 'careless', leases: 1, bytes }),
    );
  });

  it('is gone with the last reader, when its owner let go of it before', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    const { file } = await runtime.run<{ file: SpooledFile }>({ do: 'return', bytes });
    const stream = file.createReadStream();
    file[Symbol.dispose]();
    expect(left()).toHaveLength(1);
    expect(await buffer(stream)).toEqual(expected);
    expect(left()).toEqual([]);
  });

  it('is gone when nobody waits for it any more', async () => {
    const { runtime } = await start('spooling', { spoolFolder, threads: 1 });
    const words = sharedWords();
    const controller = new AbortController();
    const run = runtime.run({ do: 'wait', bytes, words }, { signal: controller.signal });
    await raised(words, 0);
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    // Behind it in the only thread.
    const { file } = await runtime.run<{ file: SpooledFile }>({ do: 'return', bytes });
    file[Symbol.dispose]();
    expect(left()).toEqual([]);
  });

  it('is closed with the runtime, and counts as a leak', async () => {
    const { runtime, events } = await start('spooling', { spoolFolder });
    await runtime.run({ do: 'return', bytes });
    expect((await runtime.close()).leaks).toBe(1);
    expect(left()).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ event: 'leak', leases: 1, bytes }));
  });

  it('of a task that dies with its thread is gone with that', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    await expect(runtime.run({ do: 'exit', bytes })).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    const { file } = await runtime.run<{ file: SpooledFile }>({ do: 'return', bytes });
    file[Symbol.dispose]();
    await runtime.close();
    expect(left()).toEqual([]);
  });

  it('arrives whole or not at all where the thread dies as the result is on its way', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    for (let time = 0; time < 10; time++) {
      const file = await runtime.run<SpooledFile>({ do: 'exit-later', bytes }).catch((error) => {
        expect(error).toMatchObject({ code: 'ERR_WORKER_LOST' });
        return null;
      });
      if (file === null) continue;
      expect(await buffer(file.createReadStream())).toEqual(expected);
      file[Symbol.dispose]();
    }
    await runtime.close();
    expect(left()).toEqual([]);
  });

  it('that was closed before fails its task, in words', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    await expect(runtime.run({ do: 'closed', bytes })).rejects.toMatchObject({ code: 'ERR_FILE_CLOSED' });
    expect(left()).toEqual([]);
  });

  it('cannot be an input', async () => {
    const { runtime } = await start('spooling', { spoolFolder });
    const { file } = await runtime.run<{ file: SpooledFile }>({ do: 'return', bytes });
    await expect(runtime.run({ do: 'return', bytes, file })).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
    });
    file[Symbol.dispose]();
  });

  it('needs a folder that is there', async () => {
    const { runtime } = await start('spooling', { spoolFolder: join(spoolFolder, 'missing') });
    await expect(runtime.run({ do: 'return', bytes })).rejects.toMatchObject({
      code: 'ERR_OUTPUT_WRITE',
      message: expect.stringContaining('spoolFolder'),
    });
  });
});
