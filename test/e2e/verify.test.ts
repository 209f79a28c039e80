/** A folder of outputs beside its journal: real damage, and who finds it. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeLine } from '../../src/batch/journal/lines.ts';
import { hoursOfWork, millpond, scratch, start } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);
const NAMES = ['a.wav', 'b.wav', 'c.wav', 'd.wav', 'deep/e.wav', 'deep/f.wav', 'g.wav'];
const JSON_ONLY = ['--json', '--quiet', '--threads', '1'];

async function make(out: string, to: string, ...options: string[]): Promise<void> {
  const { code, stderr } = await millpond(
    'transcode',
    at('in'),
    '--to',
    to,
    '--out',
    at(out),
    '--quiet',
    ...options,
  );
  expect([code, stderr]).toEqual([0, '']);
}

/** @param options of `cp`: `-a` keeps times to the nanosecond, `-r` does not */
function copy(from: string, to: string, options = '-a'): (...parts: string[]) => string {
  execFileSync('cp', [options, at(from), at(to)]);
  return (...parts) => at(to, ...parts);
}

/** Changes a file, and leaves size and time as they were. */
function damage(path: string, change: (bytes: Buffer) => void): void {
  const { mtimeNs } = statSync(path, { bigint: true });
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
  const time = `@${mtimeNs / 1_000_000_000n}.${`${mtimeNs % 1_000_000_000n}`.padStart(9, '0')}`;
  execFileSync('touch', ['-d', time, path]);
}

async function verified(folder: string, ...options: string[]) {
  const { code, stdout, stderr } = await millpond('verify', at(folder), ...JSON_ONLY, ...options);
  const { results, files, pool } = JSON.parse(stdout);
  const found = (results as { file: string; standing: string }[]).map(({ file, standing }) => [
    file.slice(at(folder).length + 1),
    standing,
  ]);
  return {
    code,
    found: Object.fromEntries(found),
    files,
    pool,
    failed: stderr.match(/^failed: /gm)?.length ?? 0,
  };
}

/** As if a batch had made these. */
function writeJournal(folder: string, outputs: readonly object[]): void {
  mkdirSync(join(folder, '.millpond'), { recursive: true });
  const head = { schema: 'millpond.journal/1', version: '0', begun: '', settings: { to: 'wav' }, engine: '' };
  const first = writeLine(JSON.stringify(head), 0);
  const done = outputs.map((output) => ({ input: { path: '/in', bytes: 1, mtimeNs: '1' }, output }));
  const second = writeLine(JSON.stringify({ done }), first.checksum);
  writeFileSync(join(folder, '.millpond', 'journal.ndjson'), Buffer.concat([first.bytes, second.bytes]));
}

beforeAll(async () => {
  folderOfTones('in', NAMES);
  await make('mp3', 'mp3');
});

describe('millpond verify', () => {
  it('finds a folder whole that nobody touched, and says so', async () => {
    const { code, stdout, stderr, progress } = await millpond('verify', at('mp3'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^outputs {3}7 whole, 0 missing, 0 changed, 0 torn\naudio {5}7\.0 s in \d/);
    expect(progress.at(-1)).toMatch(/^progress: 100 %, 7 of 7 files, \d+ s$/);
  });

  it('finds what is missing, changed, torn and foreign, and ends with 1', async () => {
    const damaged = copy('mp3', 'damaged');
    rmSync(damaged('a.mp3'));
    truncateSync(damaged('b.mp3'), 1000);
    utimesSync(damaged('c.mp3'), 1, 1);
    damage(damaged('d.mp3'), (bytes) => bytes.fill(0, 400, 1200));
    renameSync(damaged('deep', 'e.mp3'), damaged('elsewhere.mp3'));
    symlinkSync(damaged('elsewhere.mp3'), damaged('deep', 'e.mp3'));
    writeFileSync(damaged('cover.jpg'), 'theirs');
    expect(await verified('damaged')).toMatchObject({
      code: 1,
      found: {
        ...{
          'a.mp3': 'missing',
          'b.mp3': 'changed',
          'c.mp3': 'changed',
          'd.mp3': 'torn',
          'deep/e.mp3': 'missing',
        },
        ...{ 'elsewhere.mp3': 'foreign', 'cover.jpg': 'foreign' },
      },
      files: { total: 7, ok: 2, failed: 5 },
      failed: 5,
    });
    const { stdout } = await millpond('verify', at('damaged'));
    expect(stdout).toMatch(/^outputs {3}2 whole, 2 missing, 2 changed, 1 torn\n/);
    expect(stdout).toContain(
      `foreign   2: ${at('damaged', 'cover.jpg')}, ${at('damaged', 'elsewhere.mp3')}\n`,
    );
    expect((await millpond('verify', at('damaged'), '--quiet')).stdout).toBe('');
    // What a message says to do mends it.
    for (const name of ['b.mp3', 'c.mp3', 'd.mp3', 'deep/e.mp3']) rmSync(damaged(name));
    await make('damaged', 'mp3');
    expect(await verified('damaged')).toMatchObject({ code: 0, files: { ok: 7, failed: 0 } });
  });

  it('goes by sizes and times with --quick, and opens no file', async () => {
    const damaged = copy('mp3', 'quick');
    damage(damaged('d.mp3'), (bytes) => bytes.fill(0, 400, 1200));
    rmSync(damaged('a.mp3'));
    expect(await verified('quick', '--quick')).toMatchObject({
      code: 1,
      found: { 'a.mp3': 'missing' },
      files: { total: 1, failed: 1, skipped: 6 },
      pool: { acquires: 0 },
    });
  });

  it('knows content by its digest, whatever the times are, where the journal has it', async () => {
    await make('content', 'flac', '--check', 'content');
    const copied = copy('content', 'copied', '-r');
    expect(await verified('copied')).toMatchObject({ code: 0, files: { ok: 7 } });
    damage(copied('g.flac'), (bytes) => {
      bytes[bytes.length - 100] ^= 1;
    });
    expect(await verified('copied')).toMatchObject({ code: 1, found: { 'g.flac': 'changed' } });
  });

  it('knows sound by its samples, whatever the times are, where it was made with --verify', async () => {
    await make('samples', 'wav', '--verify');
    const copied = copy('samples', 'samples-copied', '-r');
    damage(copied('g.wav'), (bytes) => {
      bytes[bytes.length - 100] ^= 1;
    });
    expect(await verified('samples-copied')).toMatchObject({ code: 1, found: { 'g.wav': 'changed' } });
    damage(at('samples', 'g.wav'), (bytes) => {
      bytes[bytes.length - 100] ^= 1;
    });
    expect(await verified('samples')).toMatchObject({ code: 1, found: { 'g.wav': 'torn' } });
  });

  it.each([
    ['../outside.mp3', 'below their folder'],
    ['/etc/hostname', 'below their folder'],
  ])('looks at nothing beside the folder, whatever the journal names: %s', async (path, said) => {
    const folder = at(`hostile-${path.length}`);
    writeJournal(folder, [{ path, bytes: 1, mtimeNs: '1' }]);
    const { code, stderr } = await millpond('verify', folder);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining(said)]);
    expect(code).not.toBe(0);
  });

  it('says where it looked for a journal that is not there', async () => {
    const { code, stderr } = await millpond('verify', at('in'));
    expect([code, stderr]).toEqual([2, expect.stringContaining(at('in', '.millpond', 'journal.ndjson'))]);
  });

  it('ends with 130 by Ctrl-C', async () => {
    const folder = hoursOfWork(at('hours'));
    const { size, mtimeNs } = statSync(join(folder, 'long.wav'), { bigint: true });
    writeJournal(folder, [{ path: 'long.wav', bytes: Number(size), mtimeNs: `${mtimeNs}` }]);
    const { child, ended } = start(['verify', folder, '--log-level', 'info']);
    // The first log line is written when the runtime starts its workers.
    await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null });
  });
});
