/** The command with its threads in a process of their own, which is killed, and interrupted. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { isThere } from '../isolation/isolated.ts';
import { firstFile } from './interrupted.ts';
import { filesUnder, hoursOfWork, scratch, start, tone } from './millpond.ts';

const at = scratch();

/** On Linux. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

const hasFfmpeg = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/maps`, 'utf8').includes('node-av.node');

const aside = (folder: string): string[] => filesUnder(folder).filter((name) => name.endsWith('.part'));

describe.runIf(process.platform === 'linux')('a batch in a process of its own', () => {
  beforeAll(() => {
    mkdirSync(at('many'));
    const samples = tone(44_100 * 10);
    writeWav(at('many', '0.wav'), [samples, samples]);
    for (let file = 1; file < 16; file++) copyFileSync(at('many', '0.wav'), at('many', `${file}.wav`));
    hoursOfWork(at('hours'));
  });

  it.each(['SIGSEGV', 'SIGKILL'] as const)('that ends by %s is done all the same', async (signal) => {
    const out = at(`out-${signal}`);
    const working = firstFile(out);
    const { child, ended } = start(['transcode', at('many'), '--to', 'mp3', '--out', out, '--json']);
    await working;
    const [worker] = processesOf(child.pid as number);
    process.kill(worker, signal);
    const { code, stdout, stderr } = await ended;
    expect({ code, died: stderr.includes('process-death') }).toEqual({ code: 0, died: true });
    expect(JSON.parse(stdout)).toMatchObject({ files: { ok: 16, failed: 0 }, budget: { endBytes: 0 } });
    expect(filesUnder(out).filter((name) => name.endsWith('.mp3'))).toHaveLength(16);
    expect(aside(out)).toEqual([]);
  });

  it.each([
    1, 2,
  ])('that is interrupted %i times leaves nothing half-written, and no process', async (times) => {
    const out = at(`interrupted-${times}`);
    const working = firstFile(out);
    const args = ['transcode', at('hours'), '--to', 'flac', '--out', out, '--isolate', '1'];
    const { child, ended } = start(args);
    child.stderr?.on('data', (text: string) => {
      if (times > 1 && text.includes('stopping')) child.kill('SIGINT');
    });
    await working;
    const workers = processesOf(child.pid as number);
    expect([child.pid as number, ...workers.slice(0, 1)].map(hasFfmpeg)).toEqual([false, true]);
    // A terminal sends it to all.
    for (const pid of [...workers, child.pid as number]) process.kill(pid, 'SIGINT');
    const { code, signal } = await ended;
    const ends = [[130, null], ...(times > 1 ? [[null, 'SIGINT']] : [])];
    expect(ends).toContainEqual([code, signal]);
    expect(aside(out)).toEqual([]);
    await expect.poll(() => workers.filter(isThere)).toEqual([]);
  });

  it.each([
    'SIGINT',
    'SIGTERM',
    'SIGHUP',
  ] as const)('that does not answer, and is sent %s twice, leaves neither', async (name) => {
    const out = at(`stopped-${name}`);
    const working = firstFile(out);
    const args = ['transcode', at('hours'), '--to', 'flac', '--out', out, '--isolate', '1'];
    const { child, ended } = start(args);
    child.stderr?.on('data', (text: string) => {
      if (text.includes('stopping')) child.kill(name);
    });
    await working;
    const [worker] = processesOf(child.pid as number);
    process.kill(worker, 'SIGSTOP');
    expect(aside(out).length).toBeGreaterThan(0);
    child.kill(name);
    expect(await ended).toMatchObject({ code: null, signal: name });
    expect(aside(out)).toEqual([]);
    await expect.poll(() => isThere(worker)).toBe(false);
  });

  it('whose names come slowly begins with the first ones, and is interrupted while more are to come', async () => {
    const out = at('listed');
    const args = ['transcode', '--files-from', '-', '--to', 'flac', '--out', out, '--json'];
    const { child, ended } = start(args, {}, 'pipe');
    const name = (file: number): string => `${at('many', `${file}.wav`)}\n`;
    const whole = (): string[] => filesUnder(out).filter((path) => path.endsWith('.flac'));
    const working = firstFile(out);
    child.stdin?.write(name(0));
    await working;
    await expect.poll(() => whole(), { timeout: 20_000 }).toHaveLength(1);
    const [worker] = processesOf(child.pid as number);
    expect(hasFfmpeg(worker)).toBe(true);
    // Half a name, and nobody says that it is all.
    child.stdin?.write(name(1) + at('many'));
    await expect.poll(() => whole(), { timeout: 20_000 }).toHaveLength(2);
    for (const pid of [worker, child.pid as number]) process.kill(pid, 'SIGINT');
    const { code, signal, stdout, stderr } = await ended;
    expect([code, signal, stderr]).toEqual([130, null, expect.not.stringContaining('failed')]);
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, files: { total: 2, ok: 2 } });
    await expect.poll(() => isThere(worker)).toBe(false);
    expect(aside(out)).toEqual([]);
    // The same again, with all of them.
    const again = start(args, {}, 'pipe');
    again.child.stdin?.end([0, 1, 2].map(name).join(''));
    const all = await again.ended;
    expect([all.code, JSON.parse(all.stdout)]).toMatchObject([0, { files: { ok: 1 }, skipped: { done: 2 } }]);
  });
});
