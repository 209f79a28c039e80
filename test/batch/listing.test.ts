import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selection } from '../../src/batch/selection.ts';
import { listed } from './listed.ts';
import { listedFolder } from './listed-folder.ts';

const { at, put, outputs } = listedFolder();

describe('a listing', () => {
  it('keeps what lies under a folder where it was, and puts named files on top', async () => {
    put('in/a.wav');
    put('in/sub/b.MP3');
    put('other/c.ogg');
    expect(await outputs([at('in'), at('other/c.ogg')])).toEqual(['a.flac', 'c.flac', 'sub/b.flac']);
  });

  it.each([
    ['Vol. 1. Intro', 'Vol. 1. Intro.flac'],
    ['Vol. 1. Intro.wav', 'Vol. 1. Intro.flac'],
    ['No.5', 'No.5.flac'],
    ['J.S.Bach', 'J.S.Bach.flac'],
    ['take.2', 'take.2.flac'],
    ['2024.06.01', '2024.06.01.flac'],
    ['Mr. Wave', 'Mr. Wave.flac'],
    ['end.', 'end..flac'],
    ['take.wav.bak', 'take.wav.bak.flac'],
    ['take.WAV', 'take.flac'],
    ['disc.DSF', 'disc.flac'],
    ['clip.tar.m4r', 'clip.tar.flac'],
    ['.wav', '.wav.flac'],
  ])('changes a suffix, and nothing else after a dot: %s', async (name, output) => {
    put(name);
    expect(await outputs([at(name)])).toEqual([output]);
  });

  it('refuses names that differ only in a suffix, and takes those that differ in more', async () => {
    for (const name of ['a.wav', 'a', 'Vol. 1', 'Vol. 2']) put(name);
    expect(await outputs([at('Vol. 1'), at('Vol. 2')])).toEqual(['Vol. 1.flac', 'Vol. 2.flac']);
    const { refused } = await listed([at('a'), at('a.wav')], { folder: at('out'), extension: '.flac' });
    expect(refused).toMatchObject([{ code: 'ERR_OUTPUT_CLASH', file: { input: at('a.wav') } }]);
  });

  it('estimates lengths by size and format', async () => {
    put('in/wav.wav', 176_400 * 3);
    put('in/ogg.ogg', 20_000 * 10);
    put('in/flac.flac', 100_000);
    const { files } = await listed([at('in')], { folder: at('out'), extension: '.mp3' });
    expect(files.map(({ estimatedSeconds }) => estimatedSeconds).sort()).toEqual([1, 10, 3]);
  });

  it('skips and counts what is not audio by its name, but tries what is named', async () => {
    put('in/a.wav');
    put('in/cover.jpg');
    put('in/notes');
    const { files, skipped } = await listed([at('in'), at('in/notes')], {
      folder: at('out'),
      extension: '.mp3',
    });
    expect([files.length, skipped.length]).toEqual([2, 2]);
  });

  it('leaves out what is excluded, and what is not included, without walking folders for it', async () => {
    for (const name of ['a.wav', 'b.wav', 'c.mp3', 'cover.jpg', 'drafts/d.wav']) put(`in/${name}`);
    const { files, skipped } = await listed(
      [at('in'), at('in/b.wav')],
      { folder: at('out'), extension: '.flac' },
      { selection: selection(['*.wav'], ['b.*', 'drafts/']) },
    );
    // What is named is meant.
    expect(files.map(({ input }) => input)).toEqual([at('in/a.wav'), at('in/b.wav')]);
    expect(skipped.map(({ input, reason }) => [input.slice(at('in').length + 1), reason])).toEqual([
      ['b.wav', 'excluded'],
      ['c.mp3', 'excluded'],
      ['cover.jpg', 'notAudio'],
      ['drafts', 'excluded'],
    ]);
  });

  it('reads neither hidden files nor outputs of an earlier run', async () => {
    put('in/a.wav');
    put('in/.hidden.wav');
    put('in/.git/b.wav');
    put('in/out/a.flac');
    expect(await outputs([at('in')], 'in/out')).toEqual(['a.flac']);
  });

  it('follows links, and is not caught in a loop of them', async () => {
    put('elsewhere/b.wav');
    put('in/a.wav');
    symlinkSync(at('elsewhere'), at('in/linked'));
    symlinkSync(at('in'), at('in/loop'));
    expect(await outputs([at('in')])).toEqual(['a.flac', 'linked/b.flac']);
  });

  it('keeps a link to nothing and what is no file, which will fail by themselves', async () => {
    put('in/a.wav');
    symlinkSync(at('nowhere'), at('in/dangling.wav'));
    symlinkSync('/dev/null', at('in/device.wav'));
    expect(await outputs([at('in')])).toEqual(['a.flac', 'dangling.flac', 'device.flac']);
  });

  it.each([
    [[''], 'out'] as const,
    [['in'], ''] as const,
  ])('refuses the empty name, as in %j to %j', async (inputs, out) => {
    put('in/a.wav');
    const refused = listed(
      inputs.map((input) => input && at(input)),
      { folder: out, extension: '.flac' },
    );
    await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('does a file once that was named twice', async () => {
    put('a.wav');
    expect(await outputs([at('a.wav'), at('./a.wav')])).toEqual(['a.flac']);
  });

  it('does a file at both places that it has, by its own name and under a folder', async () => {
    put('in/b/x.wav');
    expect(await outputs([at('in'), at('in/b/x.wav'), at('in/b/./x.wav')])).toEqual(['b/x.flac', 'x.flac']);
  });

  it('keeps what is named below a base where it was, each file once, and takes others as without', async () => {
    for (const name of ['in/a/x.wav', 'in/b/x.wav', 'in b/y.wav', 'z.wav']) put(name);
    const named = ['in', 'in/a', 'in/a/x.wav', 'in/b/x.wav', 'in b/y.wav', 'z.wav'].map((name) => at(name));
    const outputs = { folder: at('out'), extension: '.flac', base: at('in/') };
    const { files } = await listed(named, outputs);
    const made = files.map(({ output }) => (output as string).slice(at('out').length + 1));
    expect(made.sort()).toEqual(['a/x.flac', 'b/x.flac', 'y.flac', 'z.flac']);
    const root = { ...outputs, base: '/' };
    expect((await listed([at('z.wav')], root)).files[0].output).toBe(join(at('out'), at('z.flac')));
    // A base that is the file itself would leave it without a name.
    const itself = { ...outputs, base: at('z.wav') };
    expect((await listed([at('z.wav')], itself)).files[0].output).toBe(at('out/z.flac'));
  });

  it('keeps a missing file, which will fail by itself', async () => {
    expect(await outputs([at('gone.wav')])).toEqual(['gone.flac']);
  });

  it('goes on past a folder that cannot be read, and names it', async () => {
    put('in/a.wav');
    mkdirSync(at('in/secret'));
    chmodSync(at('in/secret'), 0);
    chmodSync(at(), 0o755);
    // To root no folder is forbidden.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    const plan = await listed([at('in')], { folder: at('out'), extension: '.flac' }).finally(
      () => isRoot && process.seteuid?.(0),
    );
    expect(plan.files.map(({ input }) => input)).toEqual([at('in/a.wav')]);
    expect(plan.refused).toEqual([
      {
        file: expect.objectContaining({ input: at('in/secret'), output: null }),
        reason: 'unreadable',
        code: 'ERR_AUDIO_OPEN',
        message: expect.stringContaining('EACCES'),
      },
    ]);
  });

  it('refuses to do nothing', async () => {
    put('in/readme.txt');
    await expect(outputs([at('in')])).rejects.toMatchObject({ code: 'ERR_NO_INPUT' });
  });

  it('says where patterns leave nothing', async () => {
    for (const name of ['in/a.wav', 'in/b.wav', 'in/readme.txt']) put(name);
    const output = { folder: at('out'), extension: '.flac' };
    await expect(listed([at('in')], output, { selection: selection(['*.mp3'], []) })).rejects.toMatchObject({
      code: 'ERR_NO_INPUT',
      message: expect.stringMatching(/\(2 excluded, 1 other files\)\. Change the patterns\.$/),
    });
  });
});
