import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { createSpool, dropSpooled, openHere, openSpooled } from '../../src/files/spool.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-spool-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = Buffer.from(Array.from({ length: 150_000 }, (_, at) => at % 251));

function spooled() {
  const spool = createSpool(folder);
  spool.write(bytes.subarray(100_000), 100_000);
  spool.write(bytes.subarray(0, 100_000), 0);
  return spool.finish();
}

describe('a spool', () => {
  it('is a hidden file that nobody else may read, until it is dropped', () => {
    const spool = createSpool(folder);
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^\.millpond-spool\..*\.part$/);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    spool.write(bytes, 5);
    expect(spool.size()).toBe(bytes.length + 5);
    spool.discard();
    spool.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that was killed is removed by the next one', () => {
    const program = `
      const { createSpool } = await import(${JSON.stringify(new URL('../../src/files/spool.ts', import.meta.url).href)});
      createSpool(${JSON.stringify(folder)}).write(Buffer.from('abc'), 0);
      process.kill(process.pid, process.argv[1] ?? 0);`;
    const args = ['--input-type=module', '--conditions=millpond-source', '-e', program];
    expect(spawnSync(process.execPath, [...args, 'SIGKILL']).signal).toBe('SIGKILL');
    const [first] = readdirSync(folder);
    execFileSync(process.execPath, args);
    expect(readdirSync(folder)).not.toContain(first);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });

  it('needs a folder that is there', () => {
    expect(() => createSpool(join(folder, 'missing'))).toThrow(
      expect.objectContaining({ code: 'ERR_OUTPUT_WRITE', message: expect.stringContaining('missing') }),
    );
  });
});

describe('a spooled file', () => {
  it('is read at any position', () => {
    using file = spooled();
    const target = Buffer.alloc(100);
    expect([file.bytes, file.read(target, 149_950), file.read(target, 150_000)]).toEqual([150_000, 50, 0]);
    expect(file.read(target, 70_000)).toBe(100);
    expect(target.equals(bytes.subarray(70_000, 70_100))).toBe(true);
  });

  it('is written to streams that stay open', async () => {
    using file = spooled();
    const target = new PassThrough();
    const got = buffer(target);
    await file.writeTo(target);
    await file.writeTo(target);
    target.end('end');
    expect((await got).equals(Buffer.concat([bytes, bytes, Buffer.from('end')]))).toBe(true);
  });

  it('tells of a stream that refuses, and stops at a signal', async () => {
    using file = spooled();
    const refuses = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no more')) });
    await expect(file.writeTo(refuses)).rejects.toMatchObject({
      code: 'ERR_WRITE_FAILED',
      cause: { message: 'no more' },
    });
    const controller = new AbortController();
    const never = new Writable({ write: () => controller.abort(new Error('enough')) });
    await expect(file.writeTo(never, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('is gone when it is disposed of, once its streams are, too', async () => {
    const file = spooled();
    const [read, destroyed] = [file.createReadStream(), file.createReadStream()];
    destroyed.read();
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    expect(readdirSync(folder)).toEqual([]);
    destroyed.destroy();
    expect((await buffer(read)).equals(bytes)).toBe(true);
    for (const use of [
      () => file.read(Buffer.alloc(1), 0),
      () => file.createReadStream(),
      () => file.depart(),
    ])
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_FILE_CLOSED' }));
  });

  it('goes to another thread once', () => {
    const file = spooled();
    const crate = file.depart();
    expect(() => file.depart()).toThrow(expect.objectContaining({ code: 'ERR_FILE_CLOSED' }));
    const arrived = openSpooled(crate);
    expect([openHere().has(file), openHere().has(arrived), readdirSync(folder)]).toEqual([false, true, []]);
    expect(() => arrived.depart()).toThrow(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE' }));
    arrived[Symbol.dispose]();
    expect(() => openSpooled(crate)).toThrow(expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }));
    dropSpooled(crate);
  });
});
