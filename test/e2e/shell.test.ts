import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bin, type Ended, scratch, startProgram } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

/** The command for a shell, from a folder to MP3 in a folder of that name. */
function shellLine(input: string, out: string, ...more: string[]): string {
  const args = ['transcode', input, '--to', 'mp3', '--threads', '1', '--out', at(out), ...more];
  const words = [process.execPath, ...bin, ...args];
  return words.map((word) => `'${word}'`).join(' ');
}

function onTerminal(line: string): Promise<Ended> {
  return startProgram('script', ['-qec', line, '/dev/null'], { TERM: 'xterm' }).ended;
}

describe('on a terminal', () => {
  it('shows a progress bar on stderr, and none elsewhere', async () => {
    const input = folderOfTones(
      'bar',
      Array.from({ length: 12 }, (_, file) => `${file}.wav`),
    );
    const line = shellLine(input, 'bar-out');
    // Standard error is the terminal, standard output a file.
    const both = await onTerminal(`${line} > ${at('bar.txt')}`);
    expect(both.code).toBe(0);
    expect(both.stdout).toMatch(/\d+ % \| \d+\/12 files/);
    expect(readFileSync(at('bar.txt'), 'utf8')).toMatch(/^files\s+12 of 12 done\n/);
    expect(both.stdout).not.toMatch(/NaN|Infinity|NF|progress:/);
    const quiet = await onTerminal(`${line} --quiet`);
    expect(quiet).toMatchObject({ code: 0, stdout: '' });
  });

  it('says which files failed and why, also the last one', async () => {
    const input = folderOfTones('failing', ['good.wav']);
    for (const name of ['bad.wav', 'worse.wav']) writeFileSync(join(input, name), 'no sound in here');
    const line = shellLine(input, 'failing-out');
    const { code, stdout } = await onTerminal(line);
    expect(code).toBe(1);
    expect(stdout).toMatch(/failed: .*bad\.wav: .*\(ERR_AUDIO_OPEN\)/);
    expect(stdout).toMatch(/failed: .*worse\.wav: .*\(ERR_AUDIO_OPEN\)/);
  });

  it('uses colour only there, and not with NO_COLOR', async () => {
    const input = folderOfTones('colour', ['x.wav']);
    const line = shellLine(input, 'colour-out');
    // Node takes every CI for a place without colours.
    const plain = { CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm' };
    const bold = `${String.fromCharCode(27)}[1m`;
    const coloured = await startProgram('script', ['-qec', `${line} 2>/dev/null`, '/dev/null'], plain).ended;
    expect(coloured.stdout).toContain(bold);
    const not = await startProgram('script', ['-qec', `${line} 2>/dev/null`, '/dev/null'], {
      ...plain,
      NO_COLOR: '1',
    }).ended;
    expect(not.stdout).not.toContain(bold);
    expect(not.stdout).toContain('files');
  });
});

describe('the rest of the world', () => {
  it('may stop reading early', async () => {
    const input = folderOfTones('pipe', ['x.wav']);
    const line = shellLine(input, 'pipe-out', '--json');
    const { code, stderr } = await startProgram('bash', ['-c', `set -o pipefail; ${line} | true`]).ended;
    expect([code, stderr]).toEqual([0, '']);
  });

  it.skipIf(!existsSync('/dev/full'))('learns when the result could not be written', async () => {
    const input = folderOfTones('full', ['x.wav']);
    const line = shellLine(input, 'full-out', '--json');
    const run = await startProgram('bash', ['-c', `${line} > /dev/full`]).ended;
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^millpond: .* could not be written: ENOSPC.*\n$/),
    });
  });

  it('gets a plain word about an old Node', async () => {
    const source = readFileSync(new URL('../../src/cli/bin.ts', import.meta.url), 'utf8');
    // The same lines under a version of our choosing; the real check of the real file.
    const aged = source.replaceAll('process.versions.node', '"24.11.9"').replace('export {};', '');
    writeFileSync(at('bin.cjs'), aged.replaceAll('import.meta.url', '__filename'));
    const { code, stderr } = await startProgram(process.execPath, [at('bin.cjs')]).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/needs Node 24\.12 .* this is Node 24\.11\.9/)]);
  });
});
