import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAll } from '../audio/audio-files.ts';
import { filesUnder, millpond, scratch } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);
/** For what one thread shows as well as several. */
const QUIETLY = ['--quiet', '--threads', '1'];

describe('millpond transcode', () => {
  it('does all files of a folder, keeps its structure and ends with 0', async () => {
    const input = folderOfTones('album', ['one.wav', 'side b/two.wav', 'side b/deep/three.wav']);
    writeFileSync(join(input, 'cover.jpg'), 'no audio');
    const { code, stdout, stderr, progress } = await millpond(
      'transcode',
      input,
      '--to',
      'FLAC',
      '--out',
      at('converted'),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(progress.length).toBeLessThanOrEqual(10);
    expect(progress.at(-1)).toMatch(/^progress: 100 %, 3 of 3 files, \d+ s$/);
    expect(filesUnder(at('converted'))).toEqual(['one.flac', 'side b/deep/three.flac', 'side b/two.flac']);
    expect(stdout).toMatch(/files\s+3 of 3 done, 1 skipped \(not audio\)/);
    expect(stdout).toMatch(/audio\s+3\.0 s in .* times real time on \d+ threads/);
    expect(stdout).toMatch(/memory\s+peak .* of 100 MiB, 0 B left at the end/);
    expect(stdout).toMatch(/pool\s+3 leases, .* % from pooled memory/);
    expect(stdout).toMatch(/latency\s+cause\s+count\s+p50\s+p99\s+max/);
  });

  it('decodes each output again with --verify, and makes the same files', async () => {
    const input = folderOfTones('verified', ['a.wav', 'b.wav']);
    for (const to of ['flac', 'mp3']) {
      const run = async (out: string, ...options: string[]) => {
        const args = ['transcode', input, '--to', to, '--out', at(out), '--json', '--quiet', ...options];
        const { code, stdout, stderr } = await millpond(...args);
        expect([code, stderr]).toEqual([0, '']);
        // A file that is decoded takes one lease.
        return JSON.parse(stdout).pool.acquires;
      };
      expect([await run(`plain-${to}`), await run(`again-${to}`, '--verify')]).toEqual([2, 4]);
      for (const name of ['a', 'b']) {
        const file = (out: string) => readFileSync(at(out, `${name}.${to}`));
        expect(file(`again-${to}`).equals(file(`plain-${to}`))).toBe(true);
      }
    }
  });

  it('prints one JSON object of the promised shape, and nothing else, with --json', async () => {
    const input = folderOfTones('json', ['a.wav', 'b.wav', 'c.wav']);
    writeFileSync(join(input, 'bad.wav'), 'RIFF but not really');
    const { code, stdout, stderr, progress } = await millpond(
      'transcode',
      input,
      '--to',
      'mp3',
      '--out',
      at('json-out'),
      '--threads',
      '1',
      '--budget',
      '8MiB',
      '--json',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed: .*bad\.wav: .*\(ERR_AUDIO_\w+\)\n$/);
    expect(progress.at(-1)).toMatch(/^progress: 100 %, 4 of 4 files, 1 failed, \d+ s$/);
    const report = JSON.parse(stdout);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const number = expect.any(Number);
    const tier = { acquires: number, hits: number, releases: number, idlePeak: number };
    const times = { count: number, p50: number, p90: number, p99: number, p999: number, max: number };
    expect(report).toMatchObject({
      schema: 'millpond.run/1',
      command: 'transcode',
      threads: 1,
      files: { total: 4, ok: 3, failed: 1, skipped: 0 },
      audioSeconds: 3,
      wallSeconds: number,
      realtimeFactor: number,
      budget: { limitBytes: 8 * 1024 * 1024, peakBytes: number, endBytes: 0 },
      pool: {
        acquires: 3,
        hitRate: number,
        byTier: { small: tier, medium: tier, large: tier, direct: tier },
      },
      latency: { unit: 'ns', byCause: { hit: times, mailbox: times, larger: times, fresh: times } },
      failures: [
        { file: join(input, 'bad.wav'), code: expect.stringMatching(/^ERR_/), message: expect.any(String) },
      ],
      notes: [],
      interrupted: false,
    });
    expect(Object.keys(report.files)).toEqual(['total', 'ok', 'copied', 'deleted', 'failed', 'skipped']);
    expect(report.budget.peakBytes).toBeGreaterThan(0);
    expect(report.budget.peakBytes).toBeLessThanOrEqual(report.budget.limitBytes);
    expect(report.realtimeFactor).toBeCloseTo(report.audioSeconds / report.wallSeconds);
    const tiers: { acquires: number; hits: number; releases: number }[] = Object.values(report.pool.byTier);
    for (const { acquires, releases } of tiers) expect(acquires).toBe(releases);
    const hits = tiers.reduce((sum, { hits }) => sum + hits, 0);
    expect(report.pool.hitRate).toBeCloseTo(hits / 3);
    const counts: { count: number }[] = Object.values(report.latency.byCause);
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });

  it('never stops for bad files among good ones', async () => {
    const good = folderOfTones('mixed', ['good.wav', 'also good.wav']);
    const bytes = readFileSync(join(good, 'good.wav'));
    writeFileSync(join(good, 'empty.wav'), '');
    writeFileSync(join(good, 'header only.wav'), bytes.subarray(0, 20));
    writeFileSync(join(good, 'garbage.ogg'), Buffer.alloc(5000, 0xa5));
    writeFileSync(join(good, 'list.wav'), '#EXTM3U\ngood.wav\nhttp://127.0.0.1:9/x.wav\n');
    mkdirSync(join(good, 'a folder.wav'));
    const { code, stdout, stderr } = await millpond(
      'transcode',
      good,
      at('not there.wav'),
      '--to',
      'ogg',
      '--out',
      at('mixed-out'),
      '--json',
    );
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.files).toEqual({ total: 7, ok: 2, copied: 0, deleted: 0, failed: 5, skipped: 0 });
    expect(stderr.match(/^failed: /gm)).toHaveLength(5);
    expect(filesUnder(at('mixed-out'))).toEqual(['also good.ogg', 'good.ogg']);
  });

  it('takes a named file whatever its name is', async () => {
    const names = ['-dash.wav', '%d.wav', 'line\nbreak.wav', 'http:__x.wav', 'größe 音.wav', 'noextension'];
    const input = folderOfTones('odd', names);
    const { code } = await millpond(
      'transcode',
      '--to',
      'flac',
      '--out',
      at('odd-out'),
      '--quiet',
      '--',
      ...names.map((name) => join(input, name)),
    );
    expect(code).toBe(0);
    expect(filesUnder(at('odd-out'))).toEqual(
      names.map((name) => `${name.replace(/\.wav$/, '')}.flac`).sort(),
    );
  });

  it('does the first of the files that would write one output, and fails the others', async () => {
    const input = folderOfTones('clash', ['x.wav', 'y.wav']);
    copyFileSync(join(input, 'x.wav'), join(input, 'x.aiff'));
    const out = at('clash-out');
    const { code, stdout, stderr } = await millpond('transcode', input, '--to', 'mp3', '--out', out);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/ 2 of 3 done, 1 failed\n/)]);
    expect(stderr).toMatch(
      /^failed: .*x\.wav: .*x\.aiff' came first .*x\.mp3.*x\.wav.*\(ERR_OUTPUT_CLASH\)\n$/,
    );
    expect(filesUnder(out)).toEqual(['x.mp3', 'y.mp3']);
  });

  it('refuses to overwrite an input', async () => {
    const input = folderOfTones('self', ['x.wav']);
    const before = readFileSync(join(input, 'x.wav'));
    const { code, stderr } = await millpond('transcode', input, '--to', 'wav', '--out', input);
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_OUTPUT_CLASH');
    expect(readFileSync(join(input, 'x.wav')).equals(before)).toBe(true);
  });

  it.each([
    ['is a file', () => at('a file')],
    ['would be in a file', () => at('a file', 'out')],
    // Node's own recursive mkdir never returns from here.
    ['would be where there can be none', () => '/proc/out/of/here'],
  ])('fails each file of an output folder that %s', async (_why, out) => {
    const input = folderOfTones('nofolder', ['x.wav', 'y.wav']);
    writeFileSync(at('a file'), '');
    const { code, stdout } = await millpond('transcode', input, '--to', 'flac', '--out', out(), '--json');
    expect(code).toBe(1);
    const { failures } = JSON.parse(stdout);
    expect(failures.map((failure: { code: string }) => failure.code)).toEqual([
      'ERR_OUTPUT_WRITE',
      'ERR_OUTPUT_WRITE',
    ]);
  });

  it('applies gain, fades and bit rate', async () => {
    const input = folderOfTones('changed', ['x.wav']);
    const louder = async (...options: string[]): Promise<number> => {
      const args = ['transcode', input, '--to', 'flac', ...options, '--out', at('changed-out'), '--redo'];
      expect(await millpond(...args, ...QUIETLY)).toMatchObject({ code: 0, stderr: '' });
      const { planes } = readAll(at('changed-out', 'x.flac'));
      return Math.max(...planes[0].slice(0, 200).map(Math.abs));
    };
    const plain = await louder();
    expect(await louder('--gain', '-20')).toBeCloseTo(plain / 10, 2);
    expect(await louder('--fade-in', '1')).toBeLessThan(plain / 10);
    const bytes = async (bitrate: string): Promise<number> => {
      const args = ['transcode', input, '--to', 'mp3', '--bitrate', bitrate, '--out', at('changed-out')];
      expect((await millpond(...args, '--redo', ...QUIETLY)).code).toBe(0);
      return statSync(at('changed-out', 'x.mp3')).size;
    };
    expect(await bytes('64k')).toBeGreaterThan(2 * (await bytes('16k')));
  });

  it('shows what FFmpeg says to who asks for it', async () => {
    const input = folderOfTones('said', ['x.wav']);
    const args = ['transcode', input, '--to', 'opus', '--out', at('said-out'), '--log-level', 'debug'];
    const { stderr } = await millpond(...args);
    expect(stderr).toMatch(/"event":"ffmpeg".*bit rate/);
  });

  it('notes what was changed, with the file, and in the JSON too', async () => {
    const input = folderOfTones('noted', ['x.wav', 'y.wav']);
    const args = ['transcode', input, '--to', 'flac', '--bitrate', '64k', '--out', at('noted-out')];
    const { code, stdout, stderr } = await millpond(...args, '--json');
    const message = 'flac is lossless: a bit rate of 64000 was not applied.';
    const files = ['x.wav', 'y.wav'].map((name) => join(input, name));
    expect(JSON.parse(stdout).notes).toEqual(
      expect.arrayContaining(files.map((file) => ({ file, message }))),
    );
    expect(stderr).toMatch(/^note: .*[xy]\.wav and 1 more: flac is lossless: .*\n$/);
    expect(code).toBe(0);
  });

  it('says nothing that FFmpeg says of files which come out right', async () => {
    const input = folderOfTones('silent', ['x.wav']);
    for (const to of ['m4a', 'opus', 'mp3', 'ogg']) {
      const args = ['transcode', input, '--to', to, '--out', at(`silent-${to}`)];
      const run = await millpond(...args, ...QUIETLY);
      expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('converts rate, channels and depth', async () => {
    const input = folderOfTones('convert', ['x.wav']);
    const { code } = await millpond(
      'transcode',
      input,
      '--to',
      'wav',
      '--out',
      at('convert-out'),
      '--rate',
      '16000',
      '--channels',
      '2',
      '--bits',
      '24',
    );
    expect(code).toBe(0);
    const header = readFileSync(at('convert-out', 'x.wav'));
    const format = header.indexOf('fmt ') + 8;
    expect([
      header.readUInt16LE(format + 2),
      header.readUInt32LE(format + 4),
      header.readUInt16LE(format + 14),
    ]).toEqual([2, 16_000, 24]);
  });

  it('prints nothing with --quiet but failures', async () => {
    const input = folderOfTones('quiet', ['x.wav']);
    const fine = await millpond('transcode', input, '--to', 'flac', '--out', at('quiet-out'), '--quiet');
    expect(fine).toMatchObject({ code: 0, stdout: '', stderr: '', progress: [] });
    const failing = await millpond(
      'transcode',
      at('none.wav'),
      '--to',
      'flac',
      '--out',
      at('quiet-out'),
      '--quiet',
    );
    const stderr = expect.stringMatching(/^failed: .*\n$/);
    expect(failing).toMatchObject({ code: 1, stdout: '', stderr, progress: [] });
  });
});
