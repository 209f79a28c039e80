/** The examples as their readers run them: `node main.ts`, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAll } from '../audio/audio-files.ts';
import { wav, writeWav } from '../audio/wav.ts';
import { bin, checkout, scratch } from '../e2e/millpond.ts';

const examples = join(checkout, 'examples');
const folder = scratch();

/** As where the package is installed: its command is in PATH. */
function installed(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: [folder('bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
  };
}

beforeAll(() => {
  // A project of its own, with the package as it is installed.
  cpSync(examples, folder('examples'), { recursive: true });
  writeFileSync(folder('package.json'), '{ "type": "module" }');
  mkdirSync(folder('node_modules'));
  symlinkSync(join(bin[0], '../../../..'), folder('node_modules', 'millpond'));
  mkdirSync(folder('bin'));
  writeFileSync(folder('bin', 'millpond'), `#!/bin/sh\nexec node '${bin[0]}' "$@"\n`, { mode: 0o755 });
});

interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(program: string, ...args: string[]): ChildProcess {
  return spawn(program, args, { cwd: folder(), env: installed(), stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(program: string, ...args: string[]): Promise<Output> {
  const child = start(program, ...args);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = await closed;
  return { code, stdout, stderr };
}

const main = (name: string): string => folder('examples', name, 'main.ts');
const example = (name: string, ...args: string[]): Promise<Output> => run('node', main(name), ...args);

describe('the example', () => {
  it('own-job moves a lease into a job and back', async () => {
    expect(await example('own-job')).toEqual({ code: 0, stdout: '1 0.5 2097152\n', stderr: '' });
  });

  it('blocks finds the loudest sample', async () => {
    const samples = new Float32Array(100_000);
    samples[77_777] = -0.75;
    writeFileSync(folder('song.f32'), samples);
    const { code, stdout, stderr } = await example('blocks', 'song.f32');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'loudest sample: 0.750\n' });
    // Progress is looked at 20 times a second, and a short job may be over before.
    expect(stderr).toMatch(/^(?:\r\d+ %)*\n$/);
  });

  it('kernel makes a stereo file wider', async () => {
    const left = new Float32Array(5000).fill(0.5);
    writeWav(folder('narrow.wav'), [left, new Float32Array(5000)], { format: 'f32' });
    const { code, stdout, stderr } = await example('kernel', 'narrow.wav', 'wide.flac');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1 s at 44100 Hz, 24 bits\n' });
    expect(stderr).toMatch(/^note: .*24-bit integers\.\n$/);
    const { planes, frames } = readAll(folder('wide.flac'));
    expect(frames).toBe(5000);
    expect([planes[0][4321], planes[1][4321]]).toEqual([0.625, -0.125]);
  });

  it('memory makes an MP3 of what comes on stdin', async () => {
    const tone = Float32Array.from({ length: 44_100 }, (_, at) => 0.5 * Math.sin(at * 0.05));
    writeWav(folder('tone.wav'), [tone], { format: 'f32' });
    const line = `node '${main('memory')}' < tone.wav > piped.mp3`;
    expect(await run('sh', '-c', line)).toEqual({ code: 0, stdout: '', stderr: '1.0 s\n' });
    expect(readAll(folder('piped.mp3')).frames).toBe(44_100);
  });

  it('reading tells how loud files are', async () => {
    const square = Float32Array.from({ length: 44_100 }, (_, at) => (at % 100 < 50 ? 0.5 : -0.5));
    writeWav(folder('square.wav'), [square, square], { format: 'f32' });
    writeWav(folder('silence.wav'), [new Float32Array(22_050)], { format: 'f32' });
    expect(await example('reading', 'square.wav', 'silence.wav')).toEqual({
      code: 0,
      stdout:
        'square.wav: 1.0 s, peak -6.0 dB, RMS -6.0 dB\nsilence.wav: 0.5 s, peak -Infinity dB, RMS -Infinity dB\n',
      stderr: '',
    });
  });

  it('cancelling ends jobs of a thousand hours, and leaves nothing', async () => {
    expect(await example('cancelling')).toEqual({
      code: 0,
      stdout: 'stopped after the first blocks\nTimeoutError\n2 cancelled, 0 bytes left\n',
      stderr: '',
    });
  });

  it('batch converts all that it can, and says what it could not', async () => {
    const names = Array.from({ length: 9 }, (_, at) => `${at}.wav`);
    for (const name of names) writeFileSync(folder(name), wav([new Int16Array(4800)], { rate: 48_000 }));
    writeFileSync(folder('words.wav'), 'no audio at all');
    const { code, stdout, stderr } = await example('batch', 'small', ...names, 'words.wav');
    const made = names.map((name) => join('small', name.replace('wav', 'opus')));
    const lines = stdout.split('\n');
    expect(lines.slice(0, 9).sort()).toEqual(made.map((path) => `${path}: 0.1 s`));
    expect(lines.slice(9)).toEqual(['9 of 10 done', '']);
    expect(stderr).toMatch(/^An input is an audio file .*words\.wav.*\n$/);
    expect(code).toBe(1);
    expect(readdirSync(folder('small')).map((name) => join('small', name))).toEqual(made);
  });

  it('map measures a folder, and names what is no audio', async () => {
    mkdirSync(folder('music', 'inner'), { recursive: true });
    const sine = Float32Array.from({ length: 48_000 }, (_, at) => 0.5 * Math.sin(at * 0.1308997));
    const names = Array.from({ length: 20 }, (_, at) => join('music', 'inner', `${at}.wav`));
    for (const name of names) writeWav(folder(name), [sine], { rate: 48_000, format: 'f32' });
    writeFileSync(folder('music', 'words.txt'), 'no audio at all');
    const { code, stdout, stderr } = await example('map', 'music');
    expect(stdout.split('\n').sort()).toEqual(
      ['', ...names.map((name) => `${name}\t1.0\t-9.0\t-6.0`)].sort(),
    );
    expect(stderr).toMatch(/^An input is an audio file .*words\.txt/m);
    expect(stderr).toMatch(/\r21 done\n$/);
    expect(code).toBe(1);
  });

  it('map ends by Ctrl-C', async () => {
    // 19 hours of silence.
    mkdirSync(folder('long'));
    const header = wav([new Float32Array(0)], { rate: 8000, format: 'f32' });
    header.writeUInt32LE(2 ** 31 + header.length - 8, 4);
    header.writeUInt32LE(2 ** 31, header.length - 4);
    writeFileSync(folder('long', 'silence.wav'), header);
    truncateSync(folder('long', 'silence.wav'), header.length + 2 ** 31);
    const child = start('node', main('map'), 'long');
    const closed = once(child, 'close');
    const errors = text(child.stderr!);
    await once(child.stderr!, 'readable');
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
    expect(await errors).toBe('0 done, stopped\n');
  });

  it('pipeline hands blocks from job to job', async () => {
    const sine = Float32Array.from({ length: 500_000 }, (_, at) => Math.sin(at * 0.05));
    writeFileSync(folder('sine.f32'), sine);
    const { code, stdout, stderr } = await example('pipeline', 'sine.f32');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^500000 samples, peak 0\.762, RMS 0\.575\n11 blocks, \d+ buffers, 0 left\n$/);
  });

  it('prometheus serves the figures of its work', async () => {
    const child = start('node', main('prometheus'));
    const closed = once(child, 'close');
    const errors = text(child.stderr!);
    try {
      const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
      const address = String((await lines.next()).value);
      // The mean power of what is evenly spread over -1 to 1.
      const noise = Number(await (await fetch(new URL('/', address))).text());
      expect(noise).toBeCloseTo(Math.sqrt(1 / 3), 2);
      const response = await fetch(address);
      expect(response.headers.get('content-type')).toContain('version=0.0.4');
      expect(await response.text()).toMatch(/^millpond_tasks_ended_total\{.*state="succeeded".*\} 1$/m);
      child.kill('SIGTERM');
      expect((await lines.next()).value).toBe('closed, 0 bytes left');
      expect(await closed).toEqual([0, null]);
      expect(await errors).toBe('');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('http makes bodies louder, takes no more than it can hold and forgets clients that go', async () => {
    const child = start('node', main('http'));
    const closed = once(child, 'close');
    const errors = text(child.stderr!);
    try {
      const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
      const address = String((await lines.next()).value);
      const post = (body: Uint8Array<ArrayBuffer> | ReadableStream): Promise<Response> =>
        fetch(address, { method: 'POST', body, duplex: 'half' });
      const quiet = Float32Array.from({ length: 300_000 }, (_, at) => (at - 150_000) / 600_000);
      const loud = quiet.map((sample) => sample / 0.25);
      const louder = async (): Promise<number> => {
        const response = await post(new Uint8Array(quiet.buffer));
        if (response.status !== 200) return response.status;
        return Buffer.compare(Buffer.from(await response.arrayBuffer()), Buffer.from(loud.buffer));
      };
      expect(await Promise.all([louder(), louder(), louder()])).toEqual([0, 0, 0]);
      for (const path of ['live', 'ready']) expect((await fetch(new URL(path, address))).status).toBe(200);
      expect((await fetch(address)).status).toBe(411);
      expect((await post(new Blob(['all of it']).stream())).status).toBe(411);
      expect((await post(new Uint8Array(2 ** 22 + 1))).status).toBe(413);

      // Clients that are let in, and send nothing.
      const headers = { 'content-length': 1000, expect: '100-continue' };
      const silent = Array.from({ length: 8 }, () => request(address, { method: 'POST', headers }));
      for (const client of silent) client.on('error', () => {}).flushHeaders();
      await Promise.all(silent.map((client) => once(client, 'continue')));
      const refused = await post(new Uint8Array(4));
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      for (const client of silent) client.destroy();
      await expect.poll(louder).toBe(0);

      child.kill('SIGTERM');
      expect((await lines.next()).value).toBe('closed, 0 bytes left');
      expect(await closed).toEqual([0, null]);
      expect(await errors).toBe('');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('recording records a run, and its gate passes what is as good and stops what is worse', async () => {
    const gate = (): Promise<Output> =>
      run('sh', folder('examples', 'recording', 'gate.sh'), 'base.millpond');
    await example('recording', 'base.millpond');
    const equal = await gate();
    expect(equal.stderr).toBe('wrote diff.html\n');
    expect(equal.stdout.match(/^passed .*/gm)).toHaveLength(3);
    expect(equal.code).toBe(0);
    expect(readFileSync(folder('diff.html'), 'utf8')).toMatch(/^<!doctype html>/);

    // The base of a program that needed half of the memory.
    const lines = readFileSync(folder('base.millpond'), 'utf8');
    writeFileSync(folder('base.millpond'), lines.replaceAll(/"peakBytes":\d+/g, '"peakBytes":1048576'));
    const worse = await gate();
    expect(worse.stdout).toMatch(/^FAILED {2}Peak memory: /m);
    expect(worse.code).toBe(1);
  });
});

describe('the examples', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name);
  const files = names.flatMap((name) => readdirSync(join(examples, name)).map((file) => join(name, file)));

  it('are all run here, and all in their list', () => {
    const tests = readFileSync(import.meta.filename, 'utf8');
    const run = Array.from(tests.matchAll(/^ {2}it\('([\w-]+) /gm), ([, name]) => name);
    // That one has a file of tests for itself.
    expect(names.filter((name) => !run.includes(name))).toEqual(['service']);
    const list = readFileSync(join(examples, 'README.md'), 'utf8');
    expect(Array.from(list.matchAll(/^\| \[(.+?)\]\(\1\) \|/gm), ([, name]) => name).sort()).toEqual(names);
  });

  it('import only what their readers have', () => {
    const imports = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => Array.from(readFileSync(join(examples, file), 'utf8').matchAll(/ from '(.+)'/g)))
      .map(([, name]) => name);
    // Its first lines say what has to be installed besides.
    const others = imports.filter((name) => !/^(node:[\w/]+|millpond(\/\w+)?|\.\/[\w-]+\.ts)$/.test(name));
    expect(others).toEqual(['fastify']);
  });
});
