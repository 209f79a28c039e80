/** What a batch may meet: full disks, folders and inputs that go away, names and files of every kind. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { firstFile } from '../e2e/interrupted.ts';
import { bin, filesUnder, millpond, scratch, start, startProgram, tone } from '../e2e/millpond.ts';
import { tonesIn } from '../e2e/tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);
const command = [process.execPath, ...bin, 'transcode'];

/** Hidden files, but for what a batch keeps in its hidden folder. */
function strays(folder: string): string[] {
  return filesUnder(folder).filter((name) => /(^|\/)\.[^/]*$/.test(name));
}

function outputs(folder: string): string[] {
  return filesUnder(folder).filter((name) => !name.split('/').some((part) => part.startsWith('.')));
}

/** Minutes of sound, on one thread: something is still to come when the first output appears. */
function minutesIn(folder: string): string {
  const samples = tone(44_100 * 60);
  mkdirSync(at(folder));
  writeWav(at(folder, '0.wav'), [samples, samples]);
  for (let file = 1; file < 6; file++) copyFileSync(at(folder, '0.wav'), at(folder, `${file}.wav`));
  return at(folder);
}

/** A shell with mounts of its own, which may mount what it likes. */
const mounting = ['--map-root-user', '--mount', 'sh', '-ec'];
const canMount = spawnSync('unshare', [...mounting, 'mount -t tmpfs none /mnt']).status === 0;
if (!canMount) console.log('No file system can be mounted here: what full disks do is not tested.');

describe.skipIf(!canMount)('a batch on a disk that is', () => {
  it.each([
    '8k',
    '40k',
    '120k',
  ])('full at %s fails where it is full, leaves nothing half-written, and goes on with more room', async (size) => {
    const input = folderOfTones(
      'many',
      Array.from({ length: 12 }, (_, file) => `${file}.wav`),
    );
    const out = at(`full-${size}`);
    mkdirSync(out);
    // Of what is mounted nothing is seen from here.
    const script = `mount -t tmpfs -o size=${size} none "$OUT"
      "$@" --quiet || echo "ended with $?"
      find "$OUT" -name '*.part'
      mount -o remount,size=10m "$OUT"
      "$@" --quiet
      find "$OUT" -name '*.flac' -size +0 | wc -l
      find "$OUT" -name '*.part'`;
    const batch = [...command, input, '--to', 'flac', '--out', out];
    const { code, stdout, stderr } = await startProgram('unshare', [...mounting, script, 'sh', ...batch], {
      OUT: out,
    }).ended;
    expect([code, stdout.trim().split(/\s+/)]).toEqual([0, ['ended', 'with', '1', '12']]);
    expect(stderr).toMatch(/(No space left on device|ENOSPC).*\(ERR_OUTPUT_WRITE\)$/m);
  });

  it('full for the journal fails what it cannot write down, and goes on with more room', async () => {
    const input = folderOfTones(
      'many',
      Array.from({ length: 12 }, (_, file) => `${file}.wav`),
    );
    const out = at('unwritten');
    mkdirSync(at('journals'));
    const script = `mount -t tmpfs -o size=4k none "$JOURNALS"
      "$@" --quiet || echo "ended with $?"
      mount -o remount,size=1m "$JOURNALS"
      "$@" --quiet
      ls -A "$JOURNALS"`;
    const journal = at('journals', 'of-many.ndjson');
    const batch = [
      ...command,
      input,
      '--to',
      'flac',
      '--out',
      out,
      '--journal',
      journal,
      '--durability',
      'power',
    ];
    const { code, stdout, stderr } = await startProgram('unshare', [...mounting, script, 'sh', ...batch], {
      JOURNALS: at('journals'),
    }).ended;
    expect([code, stdout.trim().split('\n')[0]]).toEqual([0, 'ended with 1']);
    expect(stderr).toMatch(/of-many\.ndjson.*ENOSPC.*\(ERR_OUTPUT_WRITE\)$/m);
    expect(stdout).not.toContain('.part');
    expect(outputs(out)).toHaveLength(12);
    expect(strays(out)).toEqual([]);
  });

  it('read-only says so, also where a folder is to be made', async () => {
    const input = folderOfTones('one', ['1.wav']);
    mkdirSync(at('read-only'));
    const script = `mount -t tmpfs -o ro none "$OUT"
      "$@" "$OUT" --quiet && exit 9
      "$@" "$OUT/new" --quiet && exit 9
      ls -A "$OUT"`;
    const batch = [...command, input, '--to', 'flac', '--out'];
    const { code, stdout, stderr } = await startProgram('unshare', [...mounting, script, 'sh', ...batch], {
      OUT: at('read-only'),
    }).ended;
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr.match(/EROFS: read-only file system.*\(ERR_OUTPUT_WRITE\)$/gm)).toHaveLength(2);
  });

  it('another one under a folder of the outputs writes there too: an output is beside its place from the first', async () => {
    const input = folderOfTones('two', ['a.wav', 'below/b.wav']);
    mkdirSync(at('mixed/below'), { recursive: true });
    const script = `mount -t tmpfs none "$OUT/below"
      "$@" --quiet
      find "$OUT" -name '*.flac' -size +0 | wc -l`;
    const batch = [...command, input, '--to', 'flac', '--out', at('mixed')];
    const { code, stdout } = await startProgram('unshare', [...mounting, script, 'sh', ...batch], {
      OUT: at('mixed'),
    }).ended;
    expect([code, stdout.trim()]).toEqual([0, '2']);
  });
});

const withoutRights = ['--bounding-set=-dac_override,-dac_read_search', 'sh', '-ec'];
const isRoot = process.geteuid?.() === 0;
const canLoseRights = !isRoot || spawnSync('setpriv', [...withoutRights, 'true']).status === 0;

it.skipIf(!canLoseRights)('a folder that may not be written to is named', async () => {
  const input = folderOfTones('one', ['1.wav']);
  mkdirSync(at('locked'), { mode: 0o555 });
  const batch = [...command, input, '--to', 'flac', '--out', at('locked'), '--quiet'];
  const [program, ...rest] = isRoot ? ['setpriv', ...withoutRights, 'exec "$@"', 'sh', ...batch] : batch;
  const { code, stderr } = await startProgram(program, rest).ended;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/EACCES: permission denied.*\(ERR_OUTPUT_WRITE\)$/m),
  ]);
  expect(readdirSync(at('locked'))).toEqual([]);
});

describe('in the midst of a batch', () => {
  it('the folder of the outputs goes away: what is left fails by name, and a second run makes all', async () => {
    const input = minutesIn('minutes');
    const out = at('moved');
    const working = firstFile(out);
    const { ended } = start(['transcode', input, '--to', 'flac', '--out', out, '--threads', '1', '--quiet']);
    await working;
    renameSync(out, at('elsewhere'));
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/ENOENT.*\(ERR_OUTPUT_WRITE\)$/m)]);
    rmSync(at('elsewhere'), { recursive: true });
    const again = await millpond('transcode', input, '--to', 'flac', '--out', out, '--quiet');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(outputs(out)).toHaveLength(6);
    expect(strays(out)).toEqual([]);
  });

  it('inputs go away: those that are not open yet fail by name, the others are done', async () => {
    const input = minutesIn('vanishing');
    const out = at('of-vanished');
    const working = firstFile(out);
    const { ended } = start(['transcode', input, '--to', 'flac', '--out', out, '--threads', '1', '--json']);
    await working;
    rmSync(input, { recursive: true });
    const { code, stdout } = await ended;
    const { failures, files } = JSON.parse(stdout);
    expect([code, files.ok + failures.length]).toEqual([1, 6]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'ERR_AUDIO_OPEN', message: expect.stringMatching(/ENOENT/) });
    }
    expect(outputs(out)).toHaveLength(files.ok);
    expect(strays(out)).toEqual([]);
  });
});

const canLimit = spawnSync('sh', ['-c', 'ulimit -n 64']).status === 0;

it.skipIf(!canLimit).each([26, 34])(
  'with %i open files at most a batch is done, or says what failed, and a second run makes all',
  async (most) => {
    const input = folderOfTones('few', ['1.wav', '2.wav', '3.wav']);
    const out = at(`within-${most}`);
    const batch = [...command, input, '--to', 'flac', '--out', out, '--quiet'];
    const { code, stderr } = await startProgram('sh', ['-c', `ulimit -n ${most}; exec "$@"`, 'sh', ...batch])
      .ended;
    if (code !== 0) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/(EMFILE|[Tt]oo many open files).*\(ERR_\w+\)$/m);
    }
    expect(await startProgram(batch[0], batch.slice(1)).ended).toMatchObject({ code: 0, stderr: '' });
    expect(outputs(out)).toHaveLength(3);
    expect(strays(out)).toEqual([]);
  },
);

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
