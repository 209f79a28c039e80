/** One audio file through a pipeline, written while it is read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
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
const MINUTE = 44_100 * 60;
const STREAM = ['--out', '-', '--stream'];
const OPEN_LENGTH = 0xffff_ffff;

function sound(name: string, frames?: number): string {
  const samples = tone(frames);
  return writeWav(at(name), [samples, samples]);
}

/** What a program makes that does not know how long it will record. */
function recording(frames?: number): Buffer {
  const bytes = readFileSync(sound('recording.wav', frames));
  for (const position of [4, 40]) bytes.writeUInt32LE(OPEN_LENGTH, position);
  return bytes;
}

/** As in `pipeline.test.ts`: nothing may be stored in the folder for temporary files. */
function shell(line: string): Promise<Ended> {
  const command = [process.execPath, ...bin].map((word) => `'${word}'`).join(' ');
  mkdirSync(at('tmp'), { recursive: true });
  const text = `set -o pipefail; ${line.replaceAll('$millpond', command)}`;
  return startProgram('bash', ['-c', text], { TMPDIR: at('tmp') }).ended;
}

/** A process with pipes of its own, whose output comes as bytes. */
function piped(...args: string[]) {
  const child = spawn(process.execPath, [...bin, 'transcode', '-', ...args, ...STREAM]);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const ended = once(child, 'close').then(([code]) => ({ code, bytes: Buffer.concat(parts) }));
  const received = () => parts.reduce((sum, { length }) => sum + length, 0);
  return { child, received, ended };
}

describe('a stream', () => {
  it.each(['wav', 'mp3', 'flac', 'opus'])('comes out as %s before all of it is in', async (to) => {
    const bytes = recording(44_100 * 10);
    const { child, ended } = piped('--to', to, '--quiet');
    const half = bytes.length / 2;
    child.stdin.write(bytes.subarray(0, half));
    await once(child.stdout, 'data');
    child.stdin.end(bytes.subarray(half));
    const { code, bytes: out } = await ended;
    expect(code).toBe(0);
    if (to === 'wav') expect(out.subarray(-8_000)).toEqual(bytes.subarray(-8_000));
    if (to !== 'opus') return;
    await millpond(
      'transcode',
      sound('recording.wav', 44_100 * 10),
      '--to',
      to,
      '--redo',
      '--out',
      at('files'),
    );
    expect(out.equals(readFileSync(at('files', 'recording.opus')))).toBe(true);
  });

  it('of few samples a second is not held back for seconds', async () => {
    const bytes = readFileSync(writeWav(at('phone.wav'), [tone(44_000)], { rate: 8000 }));
    for (const position of [4, 40]) bytes.writeUInt32LE(OPEN_LENGTH, position);
    const { child, received, ended } = piped('--to', 'mp3', '--quiet');
    child.stdin.write(bytes);
    // 9 bytes for 72 frames; a block of 64 KiB would hold the last 11,232 of them back.
    while (received() < 4600) await once(child.stdout, 'data');
    child.stdin.end();
    expect((await ended).code).toBe(0);
  });

  it('is of any length, in little memory and with nothing stored', async () => {
    const input = sound('long.wav', MINUTE);
    await millpond('transcode', input, '--to', 'ogg', '--redo', '--out', at('files'));
    const line = `cat '${input}' | $millpond transcode - --to ogg --budget 4MiB --out - --stream`;
    expect(await shell(`${line} > '${at('long')}'`)).toMatchObject({ code: 0, stderr: '', progress: [] });
    expect(readFileSync(at('long')).equals(readFileSync(at('files', 'long.ogg')))).toBe(true);
    expect(filesUnder(at('tmp'))).toEqual([]);
  });

  it('may be made of a file, with a fade at its end', async () => {
    const input = sound('faded.wav');
    const args = ['transcode', input, '--to', 'opus', '--fade-out', '0.5'];
    await millpond(...args, '--redo', '--out', at('files'));
    const words = args.map((word) => `'${word}'`).join(' ');
    expect(await shell(`$millpond ${words} --out - --stream > '${at('faded')}'`)).toMatchObject({ code: 0 });
    expect(readFileSync(at('faded')).equals(readFileSync(at('files', 'faded.opus')))).toBe(true);
  });

  it('says what it lacks, unless it is to be quiet', async () => {
    const line = `$millpond transcode - --to flac --out - --stream < '${sound('noted.wav')}'`;
    expect(await shell(`${line} | wc -c`)).toMatchObject({
      code: 0,
      stderr: 'note: stdin: As a stream flac lacks its length and the MD5 of its samples.\n',
    });
    expect(await shell(`${line} --quiet | wc -c`)).toMatchObject({ code: 0, stderr: '' });
  });

  it('that is cut off is written to its end, and says so', async () => {
    const line = `head -c 20000 '${sound('cut.wav')}' | $millpond transcode - --to ogg --out - --stream`;
    const { code, stderr } = await shell(`${line} | wc -c`);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^note: stdin: The file is cut off.*\n$/)]);
  });

  it('with damage is written up to there, and fails', async () => {
    await millpond(
      'transcode',
      sound('damaged.wav', 200_000),
      '--to',
      'flac',
      '--redo',
      '--out',
      at('files'),
    );
    const flac = at('files', 'damaged.flac');
    const half = Math.floor(readFileSync(flac).length / 2);
    const line = `head -c ${half} '${flac}' | $millpond transcode - --to wav --out - --stream`;
    const { code, stdout, stderr } = await shell(`${line} | wc -c`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^failed: stdin: .*\(ERR_AUDIO_DECODE\)\n$/)]);
    expect(Number(stdout)).toBeGreaterThan(100_000);
  });

  it.each([
    ['is no audio', 'echo nothing |', /^failed: stdin: As a stream WAV.*Leave --stream out.*ERR_AUDIO_OPEN/],
    ['is empty', 'true |', /^failed: stdin: .*"stdin", which is empty\. \(ERR_AUDIO_OPEN\)\n$/],
    ['never ends', 'cat /dev/zero |', /^failed: stdin: As a stream WAV.*ERR_AUDIO_OPEN/],
  ])('that %s fails by itself, with nothing on stdout', async (_what, before, message) => {
    const line = `set +o pipefail; ${before} $millpond transcode - --to wav --out - --stream`;
    const { code, stdout, stderr } = await shell(line);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
  });

  it('ends with its sound, whether or not its writer does', async () => {
    const { child, ended } = piped('--to', 'wav', '--quiet');
    child.stdin.write(readFileSync(sound('open.wav')));
    expect((await ended).code).toBe(0);
    child.stdin.destroy();
  });

  it('ends without a word where its reader has seen enough', async () => {
    const { child, ended } = piped('--to', 'wav');
    let stderr = '';
    child.stderr.on('data', (part) => {
      stderr += part;
    });
    child.stdin.on('error', () => {});
    child.stdin.write(recording(100_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    // It hears of that when it has more to write.
    const more = Buffer.alloc(65_536);
    const write = (): void => {
      if (child.stdin.writable) child.stdin.write(more, write);
    };
    write();
    const { code } = await ended;
    child.stdin.destroy();
    expect([code, stderr]).toEqual([0, '']);
  });

  it.runIf(existsSync('/dev/full'))('says once that a disk is full, and ends with 1', async () => {
    const line = `$millpond transcode - --to wav --out - --stream < '${sound('full.wav', MINUTE)}' > /dev/full`;
    const { code, stderr } = await shell(line);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^millpond: the result could not be written: ENOSPC.*\n$/),
    ]);
  });
});

describe('Ctrl-C', () => {
  it('ends a stream while it waits for more, with what there was of it', async () => {
    const { child, ended } = piped('--to', 'wav', '--quiet');
    child.stdin.write(recording(100_000));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { code, bytes } = await ended;
    expect([code, bytes.toString('latin1', 0, 4)]).toEqual([130, 'RIFF']);
    child.stdin.destroy();
  });

  it('ends a stream before anything has come', async () => {
    const { child, ended } = start(
      ['transcode', '-', '--to', 'wav', ...STREAM, '--log-level', 'info'],
      {},
      'pipe',
    );
    // The first log line is written when the runtime starts its workers.
    await once(child.stderr!, 'data');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null, stdout: '' });
  });

  it('ends a stream that nobody reads', async () => {
    const started = start(['transcode', sound('unread.wav', MINUTE), '--to', 'wav', ...STREAM]);
    expect(await interruptUnread(started)).toMatchObject({ code: 130, signal: null });
  });
});

describe('what cannot be a stream ends with 2 and says what to do', () => {
  it.each([
    [
      ['-', '--to', 'm4a', ...STREAM],
      /^millpond: --to m4a: .*Leave --stream out, or choose wav, flac, mp3, /,
    ],
    [['-', '--to', 'wav', ...STREAM, '--verify'], /^millpond: --verify: .*Leave out --stream or --verify/],
    [['-', '--to', 'wav', ...STREAM, '--fade-out', '1'], /^millpond: --fade-out 1: .*Leave out --stream or /],
    [['x.wav', '--to', 'wav', '--out', 'y', '--stream'], /^millpond: --out y: .*Write --out -, or leave /],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await millpond('transcode', ...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
  });
});
