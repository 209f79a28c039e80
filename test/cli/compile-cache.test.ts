import { chmodSync, chownSync, mkdirSync, readdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiledCodeFolder } from '../../src/cli/compile-cache.ts';
import { writeWav } from '../audio/wav.ts';
import { bin, filesUnder, scratch, sourceBin, startProgram, tone } from '../e2e/millpond.ts';

const at = scratch();

/** The folder in a home of that name, after something was done to it. */
function folderIn(name: string, change: (folder: string) => void = () => {}): string | null {
  const folder = at(name, 'millpond', 'compiled');
  mkdirSync(at(name), { mode: 0o700 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  change(folder);
  return compiledCodeFolder({ XDG_CACHE_HOME: at(name) });
}

const posix = process.platform !== 'win32';
const asRoot = posix && process.getuid?.() === 0;

describe.runIf(posix)('compiled code is kept in a folder', () => {
  it("of the user's own, made so that only the user enters it", () => {
    const folder = compiledCodeFolder({ XDG_CACHE_HOME: at('new') });
    expect(folder).toBe(realpathSync(at('new', 'millpond', 'compiled')));
    expect(statSync(folder!).mode & 0o777).toBe(0o700);
    expect(statSync(at('new')).mode & 0o777).toBe(0o700);
    expect(compiledCodeFolder({ XDG_CACHE_HOME: at('new') })).toBe(folder);
  });

  it.each([0o701, 0o710, 0o750, 0o777])('that others cannot enter: none with mode %o', (mode) => {
    expect(folderIn(`mode ${mode}`, (folder) => chmodSync(folder, mode))).toBeNull();
  });

  it.each([
    ['kept', 0o755, true],
    ['changed by a group', 0o770, false],
    ['changed by all', 0o777, false],
    ['added to by all, as the temporary folder', 0o1777, true],
  ])('in one that is %s', (_what, mode, isSafe) => {
    const folder = folderIn(`above ${mode}`, (folder) => chmodSync(dirname(folder), mode));
    expect(folder !== null).toBe(isSafe);
  });

  it.runIf(asRoot)('of nobody else, nor in one of theirs', () => {
    expect(folderIn('theirs', (folder) => chownSync(folder, 12_345, 12_345))).toBeNull();
    expect(folderIn('above theirs', (folder) => chownSync(dirname(folder), 12_345, 12_345))).toBeNull();
  });

  it('that a link leads to only if that is safe, too', () => {
    mkdirSync(at('open', 'compiled'), { recursive: true });
    chmodSync(at('open', 'compiled'), 0o777);
    mkdirSync(at('linked'));
    symlinkSync(at('open'), at('linked', 'millpond'));
    expect(compiledCodeFolder({ XDG_CACHE_HOME: at('linked') })).toBeNull();
    chmodSync(at('open', 'compiled'), 0o700);
    expect(compiledCodeFolder({ XDG_CACHE_HOME: at('linked') })).toBe(realpathSync(at('open', 'compiled')));
  });

  it('or not at all, where none can be made', () => {
    expect(compiledCodeFolder({ XDG_CACHE_HOME: '/proc/self' })).toBeNull();
  });
});

describe.runIf(posix)('the command', () => {
  it.each([
    ['built', bin],
    ['in a checkout', sourceBin],
  ])('%s keeps compiled code there, and nothing in the temporary folder', async (kind, command) => {
    const home = at(`home ${kind}`);
    const temporary = at(`temporary ${kind}`);
    for (const folder of [home, temporary]) mkdirSync(folder, { mode: 0o700 });
    const env = { HOME: home, TMPDIR: temporary, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined };
    const run = () => startProgram(process.execPath, [...command, '--version'], env).ended;
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
    expect(readdirSync(at(`home ${kind}`, caches, 'millpond', 'compiled'))).toHaveLength(1);
    expect(filesUnder(home).length).toBeGreaterThan(3);
    expect(readdirSync(temporary)).toEqual([]);
    // What others may write to is not read, nor written.
    chmodSync(at(`home ${kind}`, caches, 'millpond', 'compiled'), 0o777);
    const before = filesUnder(home);
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    expect(filesUnder(home)).toEqual(before);
  });

  it('keeps there what its worker threads compile, too', async () => {
    const home = at('home of threads');
    mkdirSync(home, { mode: 0o700 });
    const env = {
      ...{ HOME: home, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined },
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    };
    writeWav(at('x.wav'), [tone()]);
    const made = ['transcode', at('x.wav'), '--to', 'flac', '--out', at('out')];
    const args = [...made, '--redo', '--quiet', '--threads', '1'];
    const run = () => startProgram(process.execPath, [...bin, ...args], env).ended;
    const taken = /V8 code cache for \w+ \S+\/workers\/transcode\.js was accepted/;
    expect((await run()).stderr).not.toMatch(taken);
    expect((await run()).stderr).toMatch(taken);
  });
});
