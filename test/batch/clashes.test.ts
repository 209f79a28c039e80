import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { listed } from './listed.ts';
import { listedFolder } from './listed-folder.ts';

const { at, put, outputs } = listedFolder();

/**
 * Names below the folder of the files that are done, and of those that are not, with the names in the
 * message.
 */
async function clashes(inputs: string[], out = 'out') {
  const { files, refused } = await listed(inputs, { folder: at(out), extension: '.flac' });
  const name = (path: string) => path.slice(at().length + 1);
  for (const { code, reason } of refused) expect([code, reason]).toEqual(['ERR_OUTPUT_CLASH', 'clash']);
  return {
    done: files.map(({ input }) => name(input)).sort(),
    refused: refused.map(({ file, message }) => [
      name(file.input),
      ...(message.match(/'[^']+'/g) ?? []).map((path) => name(path.slice(1, -1))),
    ]),
  };
}

describe('of several files', () => {
  it.each([
    [
      'two formats of one name',
      ['in/x.wav', 'in/x.ogg'],
      ['in'],
      { done: ['in/x.ogg'], refused: [['in/x.wav', 'in/x.ogg', 'out/x.flac', 'in/x.wav']] },
    ],
    [
      'the same name in two folders',
      ['a/x.wav', 'b/x.wav'],
      ['b', 'a'],
      { done: ['b/x.wav'], refused: [['a/x.wav', 'b/x.wav', 'out/x.flac', 'a/x.wav']] },
    ],
    [
      'a named file and one in a folder',
      ['a/x.wav', 'b/x.ogg'],
      ['a', 'b/x.ogg'],
      { done: ['a/x.wav'], refused: [['b/x.ogg', 'a/x.wav', 'out/x.flac', 'b/x.ogg']] },
    ],
    [
      'three inputs of one output',
      ['a/x.wav', 'b/x.wav', 'c/x.wav'],
      ['a', 'b', 'c'],
      {
        done: ['a/x.wav'],
        refused: ['b', 'c'].map((name) => [`${name}/x.wav`, 'a/x.wav', 'out/x.flac', `${name}/x.wav`]),
      },
    ],
  ])('does the first of %s, and no other', async (_what, files, inputs, expected) => {
    for (const file of files) put(file);
    expect(await clashes(inputs.map((input) => at(input)))).toEqual(expected);
    // What an earlier run left makes no difference.
    put('out/x.flac');
    expect(await clashes(inputs.map((input) => at(input)))).toEqual(expected);
  });

  it('refuses to write over an input, also by way of a link', async () => {
    put('in/x.flac');
    put('in/y.wav');
    symlinkSync(at('in'), at('alias'));
    for (const out of ['alias', 'in']) {
      const { done, refused } = await clashes([at('in')], out);
      expect([done, refused]).toEqual([
        ['in/y.wav'],
        [['in/x.flac', `${out}/x.flac`, expect.stringMatching(/in\/x\.flac$/)]],
      ]);
    }
  });

  it('refuses to write over an input that is listed later, or is the end of a link', async () => {
    for (const name of ['in/a.wav', 'in/b.wav', 'in/c.wav', 'out/a.flac', 'later/x.ogg', 'real.flac'])
      put(name);
    symlinkSync(at('real.flac'), at('linked.flac'));
    symlinkSync(at('real.flac'), at('out/b.flac'));
    symlinkSync(at('out/c.flac'), at('later/y.ogg'));
    put('out/c.flac');
    const { done, refused } = await clashes(
      [at('in'), at('linked.flac'), at('later'), at('out/a.flac')],
      'out',
    );
    expect(done).toEqual(['later/x.ogg', 'later/y.ogg', 'linked.flac']);
    // The last is done by nobody: its place is that of the first.
    expect(refused.map(([name]) => name).sort()).toEqual(['in/a.wav', 'in/b.wav', 'in/c.wav', 'out/a.flac']);
  });

  it('waits with what is there until all is listed, and with nothing else', async () => {
    for (const name of ['in/a.wav', 'in/b.wav', 'in/c.wav', 'out/a.flac']) put(name);
    const { files } = await listed([at('in')], { folder: at('out'), extension: '.flac' });
    expect(files.map(({ output }) => basename(output as string))).toEqual(['b.flac', 'c.flac', 'a.flac']);
  });

  it('passes over what it makes itself, and refuses it where it is named', async () => {
    put('in/a.wav');
    mkdirSync(at('out'));
    symlinkSync(at('out'), at('in/made'));
    // As if the first file were done before the next is listed.
    async function* inputs() {
      yield [at('in/a.wav')];
      put('out/a.flac');
      yield [at('in/made')];
      yield [at('out/a.flac')];
    }
    const { files, refused, skipped } = await listed(inputs(), { folder: at('out'), extension: '.flac' });
    expect(files.map(({ input }) => input)).toEqual([at('in/a.wav')]);
    expect(refused).toMatchObject([{ code: 'ERR_OUTPUT_CLASH', file: { input: at('out/a.flac') } }]);
    expect(skipped).toEqual([]);
  });

  describe('on a file system that folds names', () => {
    const fold = (name: string) => name.normalize('NFC').toLowerCase();
    const asked: string[][] = [];
    const areOneName = (folder: string, one: string, other: string) => {
      asked.push([folder, one, other]);
      return fold(one) === fold(other);
    };
    beforeEach(() => asked.splice(0));

    it.each([
      ['Song.wav', 'song.ogg', 'Song.flac', 'song.flac'],
      ['song.ogg', 'SONG.wav', 'SONG.flac', 'song.flac'],
      ['Ä.wav', 'A\u0308.ogg', 'A\u0308.flac', 'Ä.flac'],
    ])('the first of %s and %s is done', async (one, two, ...names) => {
      put(`x/${one}`);
      put(`y/${two}`);
      put('y/other.wav');
      const outputs = { folder: at('out'), extension: '.flac' };
      const plan = await listed([at('x'), at('y')], outputs, { areOneName });
      expect(plan.files.map(({ input }) => basename(input)).sort()).toEqual([one, 'other.wav'].sort());
      expect(plan.refused).toMatchObject([{ code: 'ERR_OUTPUT_CLASH', file: { input: at('y', two) } }]);
      // Nobody is asked about names that no file system takes for one.
      expect(asked.map(([folder, ...pair]) => [folder, pair.sort()])).toEqual([[at('out'), names.sort()]]);
      const both = await listed([at('x'), at('y')], outputs, { areOneName: () => false });
      expect([both.files.length, both.refused.length]).toEqual([3, 0]);
    });

    it('an input is not overwritten by another spelling of its name', async () => {
      put('in/X.flac');
      put('in/x.wav');
      // As the file system would show it.
      put('in/x.flac');
      const { files, refused } = await listed(
        [at('in/x.wav'), at('in/X.flac')],
        { folder: at('in'), extension: '.flac' },
        { areOneName },
      );
      expect(files).toEqual([]);
      expect(refused.map(({ file }) => basename(file.input)).sort()).toEqual(['X.flac', 'x.wav']);
    });
  });

  it('takes an output that is a hard link of an input: the input stays under its own name', async () => {
    mkdirSync(at('out'));
    put('in/x.wav');
    linkSync(at('in/x.wav'), at('out/x.flac'));
    expect(await outputs([at('in')])).toEqual(['x.flac']);
  });

  it('refuses two outputs that links make the same', async () => {
    put('in/x/a.wav');
    put('in/y/a.wav');
    mkdirSync(at('linked/real'), { recursive: true });
    for (const link of ['x', 'y']) symlinkSync(at('linked/real'), at(`linked/${link}`));
    const { done, refused } = await clashes([at('in')], 'linked');
    expect([done, refused.map(([name]) => name)]).toEqual([['in/x/a.wav'], ['in/y/a.wav']]);
  });
});
