import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, millpond, scratch } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

describe('--delete-source', () => {
  it('deletes what was done and compared, and says of what stays why', async () => {
    const input = folderOfTones('in', ['a.wav', 'b/c.wav', 'd.wav', 'e.wav', 'skipped.wav']);
    folderOfTones('elsewhere', ['f.wav', 'g.wav']);
    symlinkSync(at('elsewhere'), join(input, 'linked'));
    symlinkSync(at('elsewhere/g.wav'), join(input, 'g.wav'));
    writeFileSync(join(input, 'broken.wav'), 'no sound');
    writeFileSync(join(input, 'cover.jpg'), 'picture');
    mkdirSync(at('out'));
    writeFileSync(at('out/skipped.flac'), '');
    const args = ['transcode', input, join(input, 'b/c.wav'), '--to', 'flac', '--out', at('out')];
    const options = ['--delete-source', '--copy-others', '--skip-existing', '--threads', '1'];
    const dry = await millpond(...args, ...options, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout).deletesSources).toBe(true);
    const before = filesUnder(input);
    const { code, stdout } = await millpond(...args, ...options, '--json', '--results', at('results'));
    const { files, notes } = JSON.parse(stdout);
    expect([code, files]).toMatchObject([1, { ok: 9, copied: 1, deleted: 3, failed: 1, skipped: 1 }]);
    const gone = before.filter((name) => !filesUnder(input).includes(name));
    expect(gone).toEqual(['a.wav', 'd.wav', 'e.wav']);
    expect(existsSync(join(input, 'g.wav')) && existsSync(at('elsewhere/f.wav'))).toBe(true);
    expect(
      notes
        .map(({ file, message }: Record<string, string>) => [file.slice(input.length + 1), message])
        .sort(),
    ).toEqual([
      ['b/c.wav', 'The source was not deleted: the batch has it as an input more than once.'],
      ['b/c.wav', 'The source was not deleted: the batch has it as an input more than once.'],
      ['g.wav', 'The source was not deleted: it is a link, or gone.'],
      ['linked/f.wav', 'The source was not deleted: a link leads to its folder.'],
      ['linked/g.wav', 'The source was not deleted: a link leads to its folder.'],
    ]);
    const lines = readFileSync(at('results'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ deleted }) => deleted)).toHaveLength(3);
    expect(lines.filter(({ notes }) => notes.length > 0)).toHaveLength(5);
  });

  it('run again says what was done before, whether sources were walked to or named', async () => {
    const input = folderOfTones('all', ['a.wav', 'b/c.wav', 'd.wav']);
    writeFileSync(at('list'), `${join(input, 'd.wav')}\n`);
    const args = ['transcode', input, '--files-from', at('list'), '--to', 'flac', '--out', at('of-all')];
    const first = await millpond(...args, '--exclude', 'd.wav', '--delete-source');
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^files {5}3 of 3 done, 3 sources deleted, 1 skipped/),
    ]);
    expect(filesUnder(input)).toEqual([]);
    const again = await millpond(...args, '--delete-source', '--results', at('of-again'));
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toBe('files     0 of 0 done, 3 skipped (done before)\n');
    expect(readFileSync(at('of-again'), 'utf8').match(/"reason":"done"/g)).toHaveLength(3);
    const dry = await millpond(...args, '--delete-source', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout.match(/^skip .*: done before$/gm)).toHaveLength(3);
    // Only what is there as it was made is done; and what is not asked to be deleted is missed.
    folderOfTones('all', ['e.wav']);
    writeFileSync(at('of-all/b/c.flac'), 'torn');
    const more = await millpond(...args, '--delete-source', '--json');
    expect([more.code, JSON.parse(more.stdout)]).toMatchObject([
      0,
      { files: { ok: 1 }, skipped: { done: 2 } },
    ]);
    const kept = await millpond(...args);
    expect([kept.code, kept.stderr]).toEqual([
      1,
      expect.stringMatching(/d\.wav.*ENOENT.*\(ERR_AUDIO_OPEN\)$/m),
    ]);
  });

  it('is not for one file to stdout', async () => {
    const input = folderOfTones('piped', ['a.wav']);
    const piped = await millpond(
      'transcode',
      join(input, 'a.wav'),
      '--to',
      'mp3',
      '--out',
      '-',
      '--delete-source',
    );
    expect([piped.code, piped.stderr]).toEqual([2, expect.stringMatching(/^millpond: --delete-source: /)]);
    expect(filesUnder(input)).toEqual(['a.wav']);
    expect((await millpond('analyze', input, '--delete-source')).code).toBe(2);
  });
});
