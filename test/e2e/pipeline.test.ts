/** One audio file through a pipeline: from stdin, to stdout. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import {
  bin,
  type Ended,
  filesUnder,
  interruptUnread,
  millpond,
  scratch,
  start,
  startProgram,
  tone,
} from './millpond.ts';

const at = scratch();
const DASHES = ['--to', 'wav', '--out', '-'];
const MINUTE = 44_100 * 60;

function sound(name: string, frames?: number): string {
  const samples = tone(frames);
  return writeWav(at(name), [samples, samples]);
}

/** A shell line in which `$millpond` is the command, with a folder of its own for temporary files. */
function shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const command = [process.execPath, ...bin].map((word) => `'${word}'`).join(' ');
  mkdirSync(at('tmp'), { recursive: true });
  const text = `set -o pipefail; ${line.replaceAll('$millpond', command)}`;
  return startProgram('bash', ['-c', text], { TMPDIR: at('tmp'), ...env }).ended;
}

describe('an audio file in a pipeline', () => {
  it.each([
    'mp3',
    'm4a',
    'flac',
  ])('becomes the same %s as in a file, from stdin and from a file', async (to) => {
    const input = sound('same.wav');
    await millpond('transcode', input, '--to', to, '--out', at('files', to));
    const file = readFileSync(at('files', to, `same.${to}`));
    for (const [name, line] of [
      ['piped', `cat '${input}' | $millpond transcode - --to ${to} --out - | cat`],
      ['redirected', `$millpond transcode - --to ${to} --out - < '${input}'`],
      ['named', `$millpond transcode '${input}' --to ${to} --out -`],
      ['verified', `$millpond transcode - --to ${to} --out - --verify < '${input}'`],
    ]) {
      expect(await shell(`${line} > '${at(name)}'`)).toMatchObject({ code: 0, stderr: '', progress: [] });
      expect(file.equals(readFileSync(at(name)))).toBe(true);
    }
    expect(filesUnder(at('tmp'))).toEqual([]);
  });

  it('may be larger than all memory there is for it', async () => {
    const input = sound('large.wav', MINUTE);
    await millpond('transcode', input, '--to', 'wav', '--bits', '24', '--out', at('large'));
    const line = `cat '${input}' | $millpond transcode - --to wav --bits 24 --budget 4MiB --out -`;
    expect(await shell(`${line} > '${at('large-out')}'`)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(at('large', 'large.wav')).equals(readFileSync(at('large-out')))).toBe(true);
    expect(filesUnder(at('tmp'))).toEqual([]);
  });

  it.each([
    ['is no audio', 'echo nothing |', /^failed: stdin: .*"stdin".*\(ERR_AUDIO_OPEN\)\n$/],
    ['is empty', 'true |', /^failed: stdin: .*"stdin", which is empty\. \(ERR_AUDIO_OPEN\)\n$/],
  ])('that %s fails by itself, with nothing on stdout', async (_what, before, message) => {
    const { code, stdout, stderr } = await shell(`${before} $millpond transcode - --to wav --out -`);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
  });

  it('says on stderr what was changed', async () => {
    const line = `$millpond transcode - --to flac --bitrate 64k --out - < '${sound('noted.wav')}' | wc -c`;
    const { code, stderr } = await shell(line);
    expect([code, stderr]).toEqual([
      0,
      'note: stdin: flac is lossless: a bit rate of 64000 was not applied.\n',
    ]);
  });

  it('shows progress where stderr is a terminal', async () => {
    const words = [process.execPath, ...bin, 'transcode', sound('bar.wav'), ...DASHES].map(
      (word) => `'${word}'`,
    );
    const line = `${words.join(' ')} > '${at('bar')}'`;
    const { code, stdout } = await startProgram('script', ['-qec', line, '/dev/null'], { TERM: 'xterm' })
      .ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\d+ % \| \d\/1 files/)]);
    expect(readFileSync(at('bar')).toString('latin1', 0, 4)).toBe('RIFF');
  });

  it('ends without a word where its reader has seen enough', async () => {
    const line = `$millpond transcode - --to wav --out - < '${sound('enough.wav', MINUTE)}' | head -c 4`;
    expect(await shell(line)).toMatchObject({ code: 0, stdout: 'RIFF', stderr: '' });
    expect(filesUnder(at('tmp'))).toEqual([]);
  });

  it.runIf(existsSync('/dev/full'))('says once that a disk is full, and ends with 1', async () => {
    const line = `$millpond transcode - --to wav --out - < '${sound('full.wav')}' > /dev/full`;
    const { code, stderr } = await shell(line);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^millpond: the result could not be written: ENOSPC.*\n$/),
    ]);
  });

  it('that cannot be stored says where, and which other place there may be', async () => {
    const { code, stderr } = await shell('true | $millpond transcode - --to wav --out -', {
      TMPDIR: at('no such folder'),
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/no such folder.*TMPDIR\. \(ERR_OUTPUT_WRITE\)\n$/),
    ]);
  });
});

describe('Ctrl-C', () => {
  it('ends it while it waits for stdin, and leaves nothing', async () => {
    const tmp = at('waiting');
    mkdirSync(tmp);
    const { child, ended } = start(
      ['transcode', '-', ...DASHES, '--log-level', 'info'],
      { TMPDIR: tmp },
      'pipe',
    );
    child.stdin?.write('RIFF');
    // The first log line is written when the runtime starts its workers.
    await once(child.stderr!, 'data');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(filesUnder(tmp)).toEqual([]);
  });

  it('ends it while nobody reads what it writes, and leaves nothing', async () => {
    const tmp = at('unread');
    mkdirSync(tmp);
    const started = start(['transcode', sound('unread.wav', MINUTE), ...DASHES], { TMPDIR: tmp });
    expect(await interruptUnread(started)).toMatchObject({ code: 130, signal: null });
    expect(filesUnder(tmp)).toEqual([]);
  });

  it('ends it while a pipe that stays open is full, and leaves nothing', async () => {
    const [tmp, pipe] = [at('stuck'), at('stuck-pipe')];
    mkdirSync(tmp);
    // What `spawn` makes are sockets; a shell makes pipes.
    execFileSync('mkfifo', [pipe]);
    const reader = new Socket({
      fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK),
      writable: false,
    });
    const stdout = openSync(pipe, constants.O_WRONLY);
    const child = spawn(process.execPath, [...bin, 'transcode', sound('stuck.wav', MINUTE), ...DASHES], {
      env: { ...process.env, TMPDIR: tmp },
      stdio: ['ignore', stdout, 'ignore'],
    });
    closeSync(stdout);
    await once(reader, 'readable');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
    expect(filesUnder(tmp)).toEqual([]);
    reader.destroy();
  });
});

it.each([
  '- --to wav --out -',
  '- --to wav --out - --stream',
  '--files-from - --to wav --out out',
])('a folder as stdin is not taken for nothing: %s', async (args) => {
  const { code, stdout, stderr } = await shell(`$millpond transcode ${args} < .`);
  expect([code, stdout]).toEqual([args.startsWith('--files') ? 2 : 1, '']);
  expect(stderr).toMatch(/^[^\n]* illegal operation on a directory[^\n]*\n$/);
});

describe('half a pipeline ends with 2 and says what to do', () => {
  it.each([
    [['-', 'x.wav', ...DASHES], /^millpond: - x\.wav: .* no other goes with it.*write \.\/- /],
    [['-', '--to', 'wav', '--out', 'y'], /^millpond: --out y: .*Write --out - /],
    [['a', 'b', ...DASHES], /^millpond: --out -: .*got 2 inputs/],
    [['x.wav', ...DASHES, '--json'], /^millpond: --out -: .*--json/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await millpond('transcode', ...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
  });

  it('a folder to stdout', async () => {
    mkdirSync(at('folder'));
    writeFileSync(join(at('folder'), 'x.wav'), '');
    const { code, stdout, stderr } = await millpond('transcode', at('folder'), ...DASHES);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/got the folder '.*folder'\. Name one/),
    ]);
  });

  it('a terminal', async () => {
    const line = [process.execPath, ...bin, 'transcode', '-', ...DASHES].map((word) => `'${word}'`).join(' ');
    const { code, stdout } = await startProgram('script', ['-qec', line, '/dev/null']).ended;
    expect([code, stdout]).toEqual([
      2,
      expect.stringMatching(/--out -: an audio file is not for a terminal\./),
    ]);
  });
});
