/** The same command again goes on where it was. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { filesUnder, hoursOfWork, millpond, scratch, start, tone } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

/** Lines of a journal that say `done`. */
function doneLines(out: string): number {
  const path = join(out, '.millpond/journal.ndjson');
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/^\{"done"/gm) ?? []).length : 0;
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 20 }).toBe(true);
}

describe('the same command again', () => {
  it('does nothing where all is done, and starts no thread', async () => {
    const input = folderOfTones('same', ['a.wav', 'b/c.wav']);
    const args = ['transcode', input, '--to', 'flac', '--out', at('same-out')];
    expect((await millpond(...args)).stdout).toMatch(/^files {5}2 of 2 done\n/);
    const outputs = filesUnder(at('same-out')).map((name) => statSync(at('same-out', name)).ino);
    const again = await millpond(...args, '--log-level', 'info');
    expect(again).toMatchObject({ code: 0, stderr: '', progress: [] });
    expect(again.stdout).toBe('files     0 of 0 done, 2 skipped (done before)\n');
    const dry = await millpond(...args, '--dry-run');
    expect(dry.stdout.match(/^skip .*: done before$/gm)).toHaveLength(2);
    expect(filesUnder(at('same-out')).map((name) => statSync(at('same-out', name)).ino)).toEqual(outputs);
  });

  it.each([
    ['is not there', 'misspelt', 1, 'ERR_AUDIO_OPEN'],
    ['is an empty folder', 'empty', 2, 'ERR_NO_INPUT'],
  ])('leaves nothing of a batch whose input %s', async (_, name, exitCode, error) => {
    mkdirSync(at('empty'), { recursive: true });
    const args = ['transcode', at(name), '--to', 'flac', '--out', at('unmade/out')];
    const { code, stderr } = await millpond(...args, '--journal', at('unmade-too/journal'));
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(error)]);
    expect([existsSync(at('unmade')), existsSync(at('unmade-too'))]).toEqual([false, false]);
  });

  it.each([
    'process',
    'power',
  ])('does what changed, what is missing and what is new, with %s', async (durability) => {
    const input = folderOfTones(`some ${durability}`, ['a.wav', 'b.wav', 'c.wav', 'd.wav']);
    const out = at(`some-${durability}`);
    const args = ['transcode', input, '--to', 'wav', '--out', out, '--durability', durability, '--json'];
    await millpond(...args);
    const whole = readFileSync(join(out, 'a.wav'));
    writeFileSync(join(out, 'a.wav'), 'torn');
    rmSync(join(out, 'b.wav'));
    writeWav(join(input, 'c.wav'), [tone(4000)], { rate: 8000 });
    folderOfTones(`some ${durability}`, ['e.wav']);
    writeFileSync(join(input, 'f.wav'), 'no audio');
    const { code, stdout } = await millpond(...args);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { files: { total: 5, ok: 4, failed: 1, skipped: 1 }, skipped: { done: 1 } },
    ]);
    expect(readFileSync(join(out, 'a.wav')).equals(whole)).toBe(true);
    expect(statSync(join(out, 'c.wav')).size).toBeLessThan(whole.length);
    // What failed is tried again.
    writeWav(join(input, 'f.wav'), [tone()], { rate: 8000 });
    const mended = JSON.parse((await millpond(...args)).stdout);
    expect(mended).toMatchObject({ files: { total: 1, ok: 1 }, skipped: { done: 5 } });
    expect(filesUnder(out)).toHaveLength(6);
  });

  it.each(['process', 'power'])('among its inputs takes no output for one, with %s', async (durability) => {
    const folder = folderOfTones(`beside ${durability}`, ['a.wav', 'b/c.wav']);
    const args = ['transcode', folder, '--to', 'flac', '--out', folder, '--durability', durability];
    expect((await millpond(...args)).stdout).toMatch(/^files {5}2 of 2 done\n/);
    const made = ['a.flac', 'b/c.flac'].map((name) => statSync(join(folder, name)).ino);
    expect(await millpond(...args)).toMatchObject({
      code: 0,
      stdout: 'files     0 of 0 done, 2 skipped (done before)\n',
    });
    folderOfTones(`beside ${durability}`, ['d.wav']);
    writeWav(join(folder, 'a.wav'), [tone(4000)], { rate: 8000 });
    const { code, stdout } = await millpond(...args, '--delete-source', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { files: { ok: 2, deleted: 2, failed: 0 }, skipped: { done: 1 } },
    ]);
    expect(statSync(join(folder, 'b/c.flac')).ino).toBe(made[1]);
    rmSync(join(folder, 'b/c.wav'));
    // Only outputs are left: there is nothing to do.
    expect(await millpond(...args)).toMatchObject({ code: 0, stdout: 'files     0 of 0 done\n' });
    // One that somebody else wrote is an input, and what it is cannot become itself.
    writeWav(join(folder, 'a.flac'), [tone()], { rate: 8000 });
    expect((await millpond(...args)).stderr).toMatch(/ERR_OUTPUT_CLASH/);
  });

  it('after a kill does the rest', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `${at}.wav`);
    const input = folderOfTones('killed', names);
    const out = at('killed-out');
    const args = ['transcode', input, '--to', 'opus', '--out', out, '--threads', '1', '--json'];
    const first = start(args);
    await until(() => doneLines(out) > 3);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    const { code, stdout } = await millpond(...args);
    const { files, skipped } = JSON.parse(stdout);
    expect([code, files.ok + skipped.done]).toEqual([0, 60]);
    expect(skipped.done).toBeGreaterThan(3);
    expect(filesUnder(out)).toEqual(names.map((name) => name.replace('wav', 'opus')).toSorted());
  });

  it('with other settings is refused, and with --redo done', async () => {
    const input = folderOfTones('settings', ['a.wav']);
    const args = ['transcode', input, '--to', 'mp3', '--out', at('settings-out')];
    await millpond(...args, '--bitrate', '64k');
    const refused = await millpond(...args, '--bitrate', '32k');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(
      /^millpond: .*; --bitrate was 64000 and is now 32000\. Write --redo .*\(ERR_SETTINGS_CHANGED\)\n$/,
    );
    expect((await millpond(...args, '--bitrate', '32k', '--dry-run')).code).toBe(2);
    const elsewhere = ['--bitrate', '32k', '--journal', at('settings.ndjson')];
    expect((await millpond(...args, ...elsewhere)).stdout).toMatch(/1 of 1 done/);
    expect((await millpond(...args, '--bitrate', '32k', '--redo')).stdout).toMatch(/1 of 1 done/);
    expect((await millpond(...args, '--bitrate', '32k')).stdout).toMatch(/1 skipped \(done before\)/);
    const both = await millpond(...args, '--redo', '--skip-existing');
    expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/--redo does all anew, and .*keep/)]);
  });

  it('compares contents where that is asked for', async () => {
    const input = folderOfTones('content', ['a.wav', 'b.wav']);
    const args = ['transcode', input, '--to', 'flac', '--out', at('content-out'), '--check', 'content'];
    expect((await millpond(...args)).stdout).toMatch(/2 of 2 done/);
    for (const file of [join(input, 'a.wav'), at('content-out/a.flac')]) utimesSync(file, 1, 1);
    const bytes = readFileSync(join(input, 'b.wav'));
    bytes[bytes.length - 1] ^= 1;
    const { mtime } = statSync(join(input, 'b.wav'));
    writeFileSync(join(input, 'b.wav'), bytes);
    utimesSync(join(input, 'b.wav'), mtime, mtime);
    expect((await millpond(...args)).stdout).toMatch(/1 of 1 done, 1 skipped \(done before\)/);
  });
});

describe('a second batch into a folder', () => {
  it('is told who works there, until that is killed', async () => {
    const input = hoursOfWork(at('hours'));
    const args = ['--to', 'flac', '--out', at('hours-out')];
    const first = start(['transcode', input, ...args, '--quiet']);
    await until(() => existsSync(at('hours-out/.millpond/lock.json')));
    const second = await millpond('transcode', folderOfTones('other', ['x.wav']), ...args);
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toMatch(
      new RegExp(
        `^millpond: .*hours-out' is in use by process ${first.child.pid} on .*: millpond transcode .*\\(ERR_BATCH_LOCKED\\)\\n$`,
      ),
    );
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await millpond('transcode', at('other'), ...args)).code).toBe(0);
    // What the one that was killed left half-written went with it.
    expect(filesUnder(at('hours-out')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
