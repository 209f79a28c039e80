import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { KnownFiles } from '../../../src/batch/journal/known-files.ts';
import { at, DONE, file, inFolder, journalPath, made, make, markAt, opened, read, resumed } from './stand.ts';

inFolder();

describe.each(['process', 'power'] as const)('a journal with durability %s', (durability) => {
  it('says what is done when its batch is over, and leaves nothing else', async () => {
    await made({ durability });
    await using journal = await opened({ durability });
    expect(await resumed(journal)).toEqual(DONE);
    expect(readdirSync(at('out/.millpond')).toSorted()).toEqual(['journal.ndjson', 'lock', 'lock.json']);
    await journal[Symbol.asyncDispose]();
    expect(readdirSync(at('out/.millpond')).toSorted()).toEqual(['journal.ndjson', 'lock']);
    expect(statSync(at('out/.millpond/lock')).size).toBe(0);
  });

  it('keeps what is known of an output, whatever is compared', async () => {
    const sound = { frames: 8, sampleRate: 8000, channels: 1, bits: 16, samples: 'f'.repeat(64) };
    await using journal = await opened({ durability });
    await journal.begin(file());
    writeFileSync(file().output, 'output');
    await journal.done(file(), { sha256: 'e'.repeat(64), sound });
    const known = await read();
    expect(known?.done.get('a.flac')).toMatchObject({ output: { sha256: 'e'.repeat(64) }, sound });
    expect(known?.done.get('a.flac')?.input.sha256).toBeUndefined();
  });

  it('has all that its process called done, killed at any instant, and a later one goes on', async () => {
    const path = fileURLToPath(new URL('./writing-process.ts', import.meta.url));
    writeFileSync(at('input.wav'), 'sound');
    const said: string[] = [];
    for (let run = 0; run < 4; run++) {
      const args = ['--conditions=millpond-source', path, at(), durability, `${run * 100_000}`];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part) => {
        text += part;
        if (text.split('\n').length > 8 + run * 5) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const [first, ...names] = text.split('\n').slice(0, -1);
      expect(first).toBe('open');
      said.push(...names);
      // As one that was being written, and as a file system may leave it.
      appendFileSync(journalPath(), run % 2 === 0 ? '{"done":[{"input":{"pa' : Buffer.alloc(50));
    }
    expect(said.length).toBeGreaterThan(30);
    const known = await read();
    for (const name of said) {
      expect(known?.done.get(name)?.output).toEqual({ path: name, ...markAt(at('out', name)) });
    }
    expect(readdirSync(at('out/.millpond')).toSorted()).toEqual(['journal.ndjson', 'lock', 'lock.json']);
    await using journal = await opened({ durability });
    await make(journal);
    expect((await read())?.done.size).toBe((known?.done.size ?? 0) + 1);
  });
});

describe('what is done', () => {
  it.each<[string, () => void, unknown]>([
    ['is done where nothing changed', () => {}, DONE],
    ['is done anew where its input was written to', () => writeFileSync(at('a.wav'), 'other'), 'replace'],
    ['is done anew where its input has another time', () => utimesSync(at('a.wav'), 1, 1), 'replace'],
    ['is done anew where its input is gone', () => rmSync(at('a.wav')), 'replace'],
    ['is no more where its output is gone', () => rmSync(at('out/a.flac')), 'unknown'],
    ['is no more where its output is shorter', () => truncateSync(at('out/a.flac'), 3), 'unknown'],
    ['is no more where its output has another time', () => utimesSync(at('out/a.flac'), 1, 1), 'unknown'],
  ])('%s', async (_, change, expected) => {
    await made();
    change();
    await using journal = await opened();
    expect(await resumed(journal)).toEqual(expected);
  });

  it('is so also where the outputs were moved', async () => {
    writeFileSync(at('b.wav'), 'sound');
    await made();
    renameSync(at('out'), at('moved'));
    await using journal = await opened({ outputs: at('moved') });
    const there = { input: at('a.wav'), output: at('moved/a.flac') };
    expect(await resumed(journal, there)).toEqual(DONE);
    expect(await resumed(journal, { ...there, input: at('b.wav') })).toBe('replace');
  });

  it('keeps names that are no UTF-8', async () => {
    const one = { input: at('a.wav'), output: at('out', 'x\udcff\udcfe.flac') };
    await using journal = await opened();
    await journal.begin(one);
    writeFileSync(
      Buffer.concat([Buffer.from(`${at('out')}/x`), Buffer.of(0xff, 0xfe), Buffer.from('.flac')]),
      'y',
    );
    await journal.done(one);
    expect([...((await read())?.done.keys() ?? [])]).toEqual(['x\udcff\udcfe.flac']);
  });

  it('is not waited for where its content takes hours to read and the batch is cancelled', async () => {
    const hours = 2 ** 43;
    truncateSync(at('a.wav'), hours);
    const stop = new AbortController();
    await using journal = await opened({ check: 'content', signal: stop.signal });
    const begun = journal.begin(file());
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(begun).rejects.toThrow('enough');
  });

  it('is as changed where it was not compared to its end since the batch is cancelled', async () => {
    const hours = { bytes: 2 ** 43, mtimeNs: '1', sha256: 'a' };
    truncateSync(at('a.wav'), hours.bytes);
    const done = { input: { path: at('a.wav'), ...hours }, output: { path: 'a.flac', ...hours } };
    const known = { done: new Map([['a.flac', done]]), failed: new Map(), planned: new Set<string>() };
    const stop = new AbortController();
    const files = new KnownFiles(known, { outputs: at('out'), check: 'content', signal: stop.signal });
    const found = { bytes: hours.bytes, changedNs: 1n, isFile: true, isLink: false };
    setImmediate(() => stop.abort());
    const planned = { ...file(), bytes: hours.bytes, estimatedSeconds: 1 };
    expect(await files.verdict(planned, { input: found, output: found })).toBe(null);
  });

  it('is compared by content where that is asked for, and has an address', async () => {
    await made({ check: 'content' });
    const known = await read();
    expect(known?.done.get('a.flac')).toMatchObject({
      input: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      output: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      address: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    utimesSync(at('a.wav'), 1, 1);
    utimesSync(at('out/a.flac'), 1, 1);
    const same = await opened({ check: 'content' });
    expect(await resumed(same)).toEqual(DONE);
    writeFileSync(at('out/a.flac'), 'OUTPUT');
    expect(await resumed(same)).toBe('unknown');
    writeFileSync(at('out/a.flac'), 'output');
    writeFileSync(at('a.wav'), 'SOUND');
    expect(await resumed(same)).toBe('replace');
    await same[Symbol.asyncDispose]();
  });

  it('by content is nothing that was recorded without', async () => {
    await made();
    await using journal = await opened({ check: 'content' });
    expect(await resumed(journal)).toBe('unknown');
  });
});

describe('what failed', () => {
  const notTried = (code: string) => ({
    reason: 'crashed',
    code,
    message: expect.stringMatching(
      /^Why\. It did so before and is the same file, so it was not tried again;/,
    ),
  });

  it.each([
    ['ERR_AUDIO_DECODE', 'unknown'],
    ['ERR_NATIVE_CRASH', { refuse: notTried('ERR_NATIVE_CRASH') }],
    ['ERR_TASK_STUCK', { refuse: notTried('ERR_TASK_STUCK') }],
  ])('with %s is tried again, or not', async (code, expected) => {
    const first = await opened();
    await first.begin(file());
    await first.failed(file(), { code, message: 'Why.' });
    await first[Symbol.asyncDispose]();
    const second = await opened();
    const found = await resumed(second);
    expect(found).toEqual(expected);
    writeFileSync(at('a.wav'), 'mended');
    expect(await resumed(second)).toBe('unknown');
    await second[Symbol.asyncDispose]();
  });
});

describe('what was begun', () => {
  it('and has not ended may be half there after a power loss', async () => {
    const first = await opened({ durability: 'power' });
    await first.begin(file());
    writeFileSync(at('out/a.flac'), 'ha');
    // As a machine that stops: nothing more is written.
    const halted = readFileSync(journalPath());
    await first[Symbol.asyncDispose]();
    const cancelled = await opened();
    expect(await resumed(cancelled)).toBe('unknown');
    await cancelled[Symbol.asyncDispose]();
    writeFileSync(journalPath(), halted);
    await using second = await opened();
    expect(await resumed(second)).toBe('replace');
  });
});

describe('changed settings', () => {
  const changed = (message: RegExp) =>
    expect.objectContaining({ code: 'ERR_SETTINGS_CHANGED', message: expect.stringMatching(message) });

  it('are refused by their names, and by --redo forgotten', async () => {
    const settings = { to: 'mp3', bitrate: 192_000, gainDb: 0 };
    await made({ settings });
    await expect(opened({ settings: { to: 'mp3', bitrate: 128_000, fadeInSeconds: 2 } })).rejects.toEqual(
      changed(
        /; --bitrate was 192000 and is now 128000, --fade-in was not given and is now 2\. Write --redo to do all anew/,
      ),
    );
    const same = await opened({ settings: { bitrate: 192_000, to: 'mp3' } });
    expect(await resumed(same)).toEqual(DONE);
    await same[Symbol.asyncDispose]();
    await using redone = await opened({ settings: { to: 'wav' }, redo: true });
    expect(await resumed(redone)).toBe('unknown');
    await make(redone);
    expect((await read())?.header.settings).toEqual({ to: 'wav' });
  });

  it('are refused of the engine, too', async () => {
    await made();
    await expect(opened({ engine: async () => 'another engine' })).rejects.toEqual(
      changed(/; the engine was engine, of millpond \d.*, and is now another engi…, of \d/),
    );
  });

  it('are taken where nothing came of the others', async () => {
    const first = await opened();
    await first.begin(file());
    expect((await read())?.header.settings).toEqual({ to: 'flac' });
    await first[Symbol.asyncDispose]();
    await made({ settings: { to: 'wav' } });
    expect((await read())?.header.settings).toEqual({ to: 'wav' });
  });
});

describe('a journal that is damaged', () => {
  it('is left as it is, and begun anew by --redo', async () => {
    await made();
    const bytes = readFileSync(journalPath());
    const damaged = Buffer.concat([Buffer.from(bytes.toString('latin1').replace('flac', 'flaC'), 'latin1')]);
    writeFileSync(journalPath(), damaged);
    await expect(opened()).rejects.toMatchObject({ code: 'ERR_JOURNAL_INVALID' });
    expect(readFileSync(journalPath()).equals(damaged)).toBe(true);
    await made({ redo: true });
    expect((await read())?.done.size).toBe(1);
  });
});
