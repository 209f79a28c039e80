import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lock } from '../../../src/batch/journal/lock.ts';
import { at, inFolder, journalPath, made, opened } from './stand.ts';

inFolder();

describe('a batch', () => {
  const locked = (message: RegExp) =>
    expect.objectContaining({ code: 'ERR_BATCH_LOCKED', message: expect.stringMatching(message) });

  it('keeps another one of its process out of its folder and of its journal', async () => {
    await using _first = await opened({ file: at('mine.ndjson') });
    await expect(opened()).rejects.toEqual(
      locked(
        new RegExp(
          `has an output folder; '.*out' is in use by process ${process.pid} on .* since 20.*: millpond`,
        ),
      ),
    );
    await expect(opened({ outputs: at('out2'), file: at('mine.ndjson') })).rejects.toEqual(
      locked(/has a journal; '.*mine\.ndjson' is in use by process/),
    );
    // The lock of the other folder was given back.
    await using _other = await opened({ outputs: at('out2') });
  });

  it('of another process keeps it until that is killed, and is named', async () => {
    writeFileSync(at('input.wav'), 'sound');
    const path = fileURLToPath(new URL('./writing-process.ts', import.meta.url));
    const args = ['--conditions=millpond-source', path, at(), 'process', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(opened()).rejects.toEqual(
      locked(new RegExp(`in use by process ${child.pid} on .*: millpond ${at()} process 0\\. Wait`)),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Its note is still there, and names nobody who is not.
    expect(readdirSync(at('out/.millpond'))).toContain('lock.json');
    const note = readFileSync(at('out/.millpond/lock.json'));
    await using _journal = await opened();
    writeFileSync(at('out/.millpond/lock.json'), note);
    await expect(opened()).rejects.toEqual(locked(/in use by another process, which has not said which/));
    writeFileSync(at('out/.millpond/lock.json'), '{"owner":[]');
    await expect(opened()).rejects.toEqual(locked(/by another process/));
  });

  it('leaves nothing that was not there where it writes nothing down', async () => {
    const options = { outputs: at('new/out'), file: at('other/journals/mine.ndjson') };
    const journal = await opened(options);
    expect(readdirSync(at('new/out/.millpond')).toSorted()).toEqual(['lock', 'lock.json']);
    await expect(opened(options)).rejects.toEqual(locked(/is in use/));
    await journal[Symbol.asyncDispose]();
    expect(readdirSync(at())).toEqual(['a.wav']);
    // What somebody else has put there stays, and so does the lock of who came before.
    {
      await using _journal = await opened();
      writeFileSync(at('out/list.txt'), '');
    }
    expect(readdirSync(at('out'))).toEqual(['list.txt']);
    mkdirSync(at('out/.millpond'));
    writeFileSync(at('out/.millpond/lock'), '');
    await (await opened())[Symbol.asyncDispose]();
    expect(readdirSync(at('out/.millpond'))).toEqual(['lock']);
    await made();
    await (await opened())[Symbol.asyncDispose]();
    expect(readdirSync(at('out/.millpond')).toSorted()).toEqual(['journal.ndjson', 'lock']);
  });

  it('locks the file that has the name, also where another one removes it just then', () => {
    const taken = () => lock(at('lock'), 'a journal', at('journal'));
    const first = taken();
    const { exec } = DatabaseSync.prototype;
    DatabaseSync.prototype.exec = function (sql) {
      DatabaseSync.prototype.exec = exec;
      // Opened it is already.
      first[Symbol.dispose]();
      return exec.call(this, sql);
    };
    using _second = taken();
    expect(taken).toThrow(locked(/in use by process/));
  });

  it('of some processes that remove their locks all the time is alone', { timeout: 60_000 }, async () => {
    const path = fileURLToPath(new URL('./locking-process.ts', import.meta.url));
    const args = ['--conditions=millpond-source', path, at(), '100'];
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    const said = await Promise.all(children.map(({ stdout }) => stdout.toArray()));
    expect(said.map((pieces) => Buffer.concat(pieces).toString())).toEqual(['100\n', '100\n', '100\n']);
  });

  it('that cannot write into its folder says so', async () => {
    mkdirSync(at('out'));
    chmodSync(at('out'), 0o555);
    if (process.getuid?.() === 0) return;
    await expect(opened()).rejects.toThrow(/cannot be used: EACCES/);
  });
});

describe('an output folder of somebody who means harm', () => {
  const refused = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  it('makes a batch write nothing elsewhere', async () => {
    mkdirSync(at('out'));
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), at('out/.millpond'));
    await expect(opened()).rejects.toEqual(refused('ERR_OUTPUT_WRITE', /it is a link or a file/));
    expect(readdirSync(at('elsewhere'))).toEqual([]);
    unlinkSync(at('out/.millpond'));
    mkdirSync(at('out/.millpond'));
    for (const put of [symlinkSync, linkSync]) {
      writeFileSync(at('precious'), '');
      put(at('precious'), journalPath());
      await expect(opened()).rejects.toEqual(refused('ERR_JOURNAL_INVALID', /no link, folder or device/));
      await expect(opened({ redo: true })).rejects.toEqual(refused('ERR_JOURNAL_INVALID', /no link/));
      rmSync(journalPath());
      rmSync(at('out/.millpond/lock'), { force: true });
      put(at('precious'), at('out/.millpond/lock'));
      if (put === symlinkSync) await expect(opened()).rejects.toThrow(/it is no file/);
      symlinkSync(at('precious'), at('out/.millpond/lock.json'));
      if (put === linkSync) await made();
      expect(readFileSync(at('precious'), 'utf8')).toBe('');
      for (const name of readdirSync(at('out/.millpond'))) rmSync(at('out/.millpond', name));
      writeFileSync(at('out/.millpond/lock'), '');
    }
  });

  it('may hold what is no journal, which stays', async () => {
    writeFileSync(at('notes.txt'), 'To do: milk');
    const invalid = refused('ERR_JOURNAL_INVALID', /begins with a line that says so/);
    await expect(opened({ file: at('notes.txt') })).rejects.toEqual(invalid);
    await expect(opened({ file: at('notes.txt'), redo: true })).rejects.toEqual(invalid);
    expect(readFileSync(at('notes.txt'), 'utf8')).toBe('To do: milk');
  });
});
