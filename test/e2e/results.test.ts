import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstFile } from './interrupted.ts';
import { hoursOfWork, millpond, scratch, start } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

const parsed = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('--results', () => {
  it('makes the folder of its file, and takes no file that another option has', async () => {
    const input = folderOfTones('one', ['a.wav']);
    const args = ['transcode', input, '--to', 'flac', '--out', at('new'), '--threads', '1', '--results'];
    const twice = await millpond(...args, at('new', 'file'), '--journal', at('new', 'file'));
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('it is the file of --results')]);
    const { code } = await millpond(...args, at('new', 'deep', 'results'));
    expect([code, parsed(readFileSync(at('new', 'deep', 'results'), 'utf8')).length]).toEqual([0, 1]);
  });

  it('has a line for every file, whatever came of it', async () => {
    const input = folderOfTones('in', ['a.wav', 'b.wav', 'x.wav']);
    writeFileSync(join(input, 'x.ogg'), 'no sound');
    writeFileSync(join(input, 'cover.jpg'), '');
    mkdirSync(at('out'));
    writeFileSync(at('out', 'b.flac'), '');
    const args = [
      'transcode',
      input,
      '--to',
      'flac',
      '--out',
      at('out'),
      '--skip-existing',
      '--threads',
      '1',
    ];
    const { code, stdout } = await millpond(...args, '--results', at('results'));
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^files +1 of 3 done, 2 failed, 2 skipped/)]);
    const lines = parsed(readFileSync(at('results'), 'utf8'));
    const told = lines.map(({ input, state, reason, code }) => [
      input.slice(at('in').length + 1),
      state,
      reason ?? code,
    ]);
    expect(told.sort()).toEqual([
      ['a.wav', 'done', null],
      ['b.wav', 'skipped', 'exists'],
      ['cover.jpg', 'skipped', 'notAudio'],
      ['x.ogg', 'failed', 'ERR_AUDIO_OPEN'],
      ['x.wav', 'failed', 'ERR_OUTPUT_CLASH'],
    ]);
    const done = lines.find(({ state }) => state === 'done');
    const made = readFileSync(at('out', 'a.flac'));
    expect(done).toMatchObject({ frames: 8000, seconds: 1, outputBytes: made.length, notes: [] });
    expect(done.workSeconds).toBeGreaterThan(0);
    expect(done.queuedSeconds).toBeGreaterThan(0);
    expect(done.sha256).toBe(createHash('sha256').update(made).digest('hex'));
  });

  it('goes to stdout without the summary, and is refused beside what has stdout', async () => {
    const input = folderOfTones('shown', ['a.wav']);
    const { code, stdout } = await millpond('analyze', input, '--results', '-');
    expect([code, parsed(stdout)]).toEqual([
      0,
      [expect.objectContaining({ state: 'done', output: null, frames: 8000, sha256: null })],
    ]);
    const transcoded = ['transcode', join(input, 'a.wav'), '--to', 'wav', '--out'];
    const twice = await Promise.all([
      millpond('analyze', input, '--results', '-', '--json'),
      millpond('analyze', input, '--results', '-', '--csv'),
      millpond(...transcoded, '-', '--results', '-'),
    ]);
    for (const { code, stdout, stderr } of twice) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^millpond: --results -: stdout has what .* asks for/);
    }
  });

  it('names what was cancelled once it had begun, and not what had not', async () => {
    const input = hoursOfWork(at('long'));
    // It is the longest, and so the first.
    for (let file = 0; file < 20; file++) copyFileSync(join(input, '0.wav'), join(input, `more ${file}.wav`));
    const out = at('long-out');
    const working = firstFile(out);
    const args = ['transcode', input, '--to', 'flac', '--out', out, '--results', at('cut'), '--json'];
    const { child, ended } = start([...args, '--threads', '1', '--isolate', '0']);
    await working;
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect([code, JSON.parse(stdout).files.total]).toEqual([130, 26]);
    const lines = parsed(readFileSync(at('cut'), 'utf8'));
    const cancelled = lines.filter(({ state }) => state === 'cancelled').map(({ input }) => input);
    expect(cancelled).toContain(join(input, 'long.wav'));
    expect(lines.length).toBeLessThan(26);
    rmSync(input, { recursive: true });
  });

  it('is none of the files of the batch', async () => {
    const input = folderOfTones('own', ['a.wav', 'b.wav']);
    const own = at('own-out', 'a.flac');
    mkdirSync(at('own-out'));
    const { code, stderr } = await millpond(
      ...['transcode', input, '--to', 'flac', '--out', at('own-out'), '--results', own],
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^failed: .*a\.wav: .*--results.*CLASH\)\n$/)]);
    expect(parsed(readFileSync(own, 'utf8'))).toHaveLength(2);
  });
});
