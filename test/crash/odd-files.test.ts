/** Names of every length, and what is no file, as inputs, outputs and journals of a batch. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, millpond, scratch } from '../e2e/millpond.ts';
import { tonesIn } from '../e2e/tones.ts';
import { outputs, strays } from './left-in.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

describe('names of 255 bytes', () => {
  const longest = (letter: string, suffix: string): string => {
    const room = 255 - suffix.length;
    const bytes = Buffer.byteLength(letter);
    return letter.repeat(Math.floor(room / bytes)) + '-'.repeat(room % bytes);
  };

  it.each(['n', 'é', '🎵'])('of %s are made, though no hidden name would fit beside them', async (letter) => {
    const name = longest(letter, '.wav');
    expect(Buffer.byteLength(name)).toBe(251);
    const input = folderOfTones(`long-${letter}`, [`${name}.wav`]);
    const out = at(`of-long-${letter}`);
    expect(await millpond('transcode', input, '--to', 'mp3', '--out', out, '--quiet')).toMatchObject({
      code: 0,
    });
    expect(filesUnder(out).filter((file) => file.endsWith('.mp3'))).toEqual([`${name}.mp3`]);
  });

  it('that become longer by their suffix fail by name, and nothing else does', async () => {
    const input = folderOfTones('longer', [`${longest('n', '.wav')}.wav`, 'short.wav']);
    const { code, stderr } = await millpond(
      'transcode',
      input,
      '--to',
      'flac',
      '--out',
      at('of-longer'),
      '--quiet',
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/ENAMETOOLONG.*\(ERR_OUTPUT_WRITE\)$/m)]);
    expect(outputs(at('of-longer'))).toEqual(['short.flac']);
    expect(strays(at('of-longer'))).toEqual([]);
  });
});

describe('what is no file', () => {
  const pipe = (path: string): string => {
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    return path;
  };

  it('among the inputs fails by name and is not waited for', async () => {
    const input = folderOfTones('odd', ['file.wav']);
    pipe(join(input, 'pipe.wav'));
    symlinkSync('/dev/zero', join(input, 'endless.wav'));
    symlinkSync('round.wav', join(input, 'round.wav'));
    symlinkSync('nowhere', join(input, 'gone.wav'));
    symlinkSync('.', join(input, 'self'));
    mkdirSync(join(input, 'below'));
    symlinkSync('..', join(input, 'below/up'));
    const server = createServer().listen(join(input, 'socket.wav'));
    try {
      const { code, stdout } = await millpond(
        'transcode',
        input,
        '--to',
        'flac',
        '--out',
        at('of-odd'),
        '--json',
      );
      const { failures } = JSON.parse(stdout);
      const names = ['pipe', 'endless', 'round', 'gone', 'socket'].map((name) => join(input, `${name}.wav`));
      expect(code).toBe(1);
      expect(failures.map(({ file }: { file: string }) => file).toSorted()).toEqual(names.toSorted());
      for (const failure of failures) expect(failure).toMatchObject({ code: 'ERR_AUDIO_OPEN' });
      expect(outputs(at('of-odd'))).toEqual(['file.flac']);
    } finally {
      server.close();
    }
  });

  it('in the place of an output is replaced, a folder is not, and neither is waited for', async () => {
    const input = folderOfTones('plain', ['1.wav', '2.wav', '3.wav']);
    const out = at('taken');
    mkdirSync(join(out, '2.flac/kept'), { recursive: true });
    pipe(join(out, '1.flac'));
    symlinkSync('/dev/full', join(out, '3.flac'));
    const { code, stderr } = await millpond('transcode', input, '--to', 'flac', '--out', out, '--quiet');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/2\.flac.*EISDIR.*\(ERR_OUTPUT_WRITE\)$/m)]);
    expect(readFileSync(join(out, '3.flac'), 'latin1')).toMatch(/^fLaC/);
    expect(outputs(out)).toEqual(['1.flac', '3.flac']);
    expect(existsSync(join(out, '2.flac/kept'))).toBe(true);
    expect(strays(out)).toEqual([]);
  });

  it('as the folder of the outputs is refused and not waited for', async () => {
    const input = folderOfTones('one', ['1.wav']);
    symlinkSync('circle', at('circle'));
    for (const out of [pipe(at('a-pipe')), '/dev/null', at('circle/below')]) {
      const { code, stderr } = await millpond('transcode', input, '--to', 'flac', '--out', out, '--quiet');
      expect([out, code, stderr]).toEqual([out, 1, expect.stringMatching(/\(ERR_OUTPUT_WRITE\)$/m)]);
    }
  });

  it('as a journal is refused and not waited for, and nothing is left beside it', async () => {
    const input = folderOfTones('one', ['1.wav']);
    mkdirSync(at('odd-journals/folder'), { recursive: true });
    pipe(at('odd-journals/pipe'));
    symlinkSync('/dev/full', at('odd-journals/full'));
    symlinkSync('round', at('odd-journals/round'));
    const before = readdirSync(at('odd-journals'));
    for (const name of before) {
      const journal = at('odd-journals', name);
      const batch = ['transcode', input, '--to', 'flac', '--out', at('unjournaled'), '--journal', journal];
      const { code, stderr } = await millpond(...batch);
      expect([name, code, stderr]).toEqual([name, 2, expect.stringMatching(/\(ERR_JOURNAL_INVALID\)$/m)]);
    }
    expect(readdirSync(at('odd-journals'))).toEqual(before);
  });
  it('as a journal is refused where it is a file of the batch', async () => {
    const input = folderOfTones('one', ['1.wav']);
    const own = await millpond(
      'transcode',
      input,
      '--to',
      'flac',
      '--out',
      at('own'),
      '--journal',
      at('own/1.flac'),
    );
    expect([own.code, own.stderr]).toEqual([1, expect.stringMatching(/--journal.*\(ERR_OUTPUT_CLASH\)$/m)]);
    const read = await millpond(
      'transcode',
      input,
      '--to',
      'flac',
      '--out',
      at('own'),
      '--journal',
      join(input, '1.wav'),
    );
    expect([read.code, read.stderr]).toEqual([2, expect.stringMatching(/\(ERR_JOURNAL_INVALID\)$/m)]);
    expect(readdirSync(input)).toEqual(['1.wav']);
  });
});
