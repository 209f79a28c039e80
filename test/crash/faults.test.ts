/** What a batch may meet: full disks, folders and inputs that go away, too few open files. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { firstFile } from '../e2e/interrupted.ts';
import { bin, millpond, scratch, start, startProgram, tone } from '../e2e/millpond.ts';
import { tonesIn } from '../e2e/tones.ts';
import { outputs, strays } from './left-in.ts';

const at = scratch();
const folderOfTones = tonesIn(at);
const command = [process.execPath, ...bin, 'transcode'];

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
