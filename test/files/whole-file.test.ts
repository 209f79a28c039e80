import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Owner, ownerText, ownProcess } from '../../src/files/owner.ts';
import { createOutput, sweep, sweepDead, writeWhole } from '../../src/files/whole-file.ts';

const wholeFile = new URL('../../src/files/whole-file.ts', import.meta.url).href;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-whole-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);

describe('an output', () => {
  it('takes its place, over what is there, when it is whole', () => {
    writeFileSync(at('x'), 'old');
    const output = createOutput(at('x'));
    writeFileSync(output.handle, 'new one');
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(output.commit()).toBe(7);
    output.discard();
    expect(readFileSync(at('x'), 'utf8')).toBe('new one');
    expect(readdirSync(root)).toEqual(['x']);
  });

  it('that is discarded leaves nothing, and what was there', () => {
    writeFileSync(at('x'), 'old');
    const output = createOutput(at('x'));
    writeFileSync(output.handle, 'half');
    output.discard();
    output.discard();
    expect(readdirSync(root)).toEqual(['x']);
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
  });

  it('that was swept away does not come back by its handle', () => {
    const output = createOutput(at('x'));
    sweep(root);
    writeFileSync(output.handle, 'late');
    expect(readdirSync(root)).toEqual([]);
    expect(() => output.commit()).toThrow(/ENOENT/);
    output.discard();
  });

  it('fails with its name, escaped, and a remedy', () => {
    const failed = expect.objectContaining({
      code: 'ERR_OUTPUT_WRITE',
      message: expect.stringMatching(/got '.*none\/a\\u001b': ENOENT.*a\\u001b.*Check the folder/),
    });
    expect(() => createOutput(at('none', 'a\u001b'))).toThrow(failed);
    expect(() => writeWhole(at('none', 'a\u001b'), '')).toThrow(failed);
  });
});

describe('an output that may not replace anything', () => {
  const exists = expect.objectContaining({
    code: 'ERR_OUTPUT_EXISTS',
    message: expect.stringMatching(/is not replaced here, got '.*x'\. Remove it/),
  });
  const { linkSync } = fs;
  afterEach(() => {
    fs.linkSync = linkSync;
    syncBuiltinESMExports();
  });

  /** As on FAT: none that a test could mount. */
  function withoutLinks(): void {
    fs.linkSync = () => {
      throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
    };
    syncBuiltinESMExports();
  }

  it('is refused before anything is written where a file is, or a link to nowhere', () => {
    writeFileSync(at('x'), 'old');
    symlinkSync(at('nowhere'), at('link x'));
    for (const name of ['x', 'link x']) expect(() => createOutput(at(name), false)).toThrow(exists);
    expect(readdirSync(root)).toEqual(['link x', 'x']);
  });

  it.each([
    ['by a link', () => {}],
    ['by a rename where there are no links', withoutLinks],
  ])('takes a free place %s', (_how, prepare) => {
    const output = createOutput(at('x'), false);
    writeFileSync(output.handle, 'new');
    prepare();
    expect(output.commit()).toBe(3);
    output.discard();
    expect(readdirSync(root)).toEqual(['x']);
    expect(readFileSync(at('x'), 'utf8')).toBe('new');
  });

  it.each([
    ['links', () => {}],
    ['none', withoutLinks],
  ])('leaves a file that appeared meanwhile, with %s, and nothing beside it', (_what, prepare) => {
    const output = createOutput(at('x'), false);
    writeFileSync(output.handle, 'new');
    prepare();
    writeFileSync(at('x'), 'theirs');
    expect(() => output.commit()).toThrow(exists);
    output.discard();
    expect(readFileSync(at('x'), 'utf8')).toBe('theirs');
    expect(readdirSync(root)).toEqual(['x']);
  });
});

describe('a file system that says only at the end that there is no room', () => {
  const { closeSync } = fs;
  afterEach(() => {
    fs.closeSync = closeSync;
    syncBuiltinESMExports();
  });

  /** Only some file systems do so, none that a test could mount: the file is closed all the same. */
  function failAtClose(): void {
    fs.closeSync = (fd) => {
      closeSync(fd);
      throw Object.assign(new Error('EDQUOT: disk quota exceeded, close'), { code: 'EDQUOT' });
    };
    syncBuiltinESMExports();
  }

  const failed = expect.objectContaining({
    code: 'ERR_OUTPUT_WRITE',
    message: expect.stringContaining('EDQUOT'),
  });

  it('leaves what was there, and nothing beside it', () => {
    writeFileSync(at('x'), 'old');
    const output = createOutput(at('x'));
    failAtClose();
    expect(() => output.commit()).toThrow(failed);
    output.discard();
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(readdirSync(root)).toEqual(['x']);
  });

  it('does so when a file is written at once', () => {
    writeFileSync(at('x'), 'old');
    failAtClose();
    expect(() => writeWhole(at('x'), 'new')).toThrow(failed);
    expect(readFileSync(at('x'), 'utf8')).toBe('old');
    expect(readdirSync(root)).toEqual(['x']);
  });

  it('keeps no file that is discarded', () => {
    const output = createOutput(at('x'));
    failAtClose();
    output.discard();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('writing a whole file', () => {
  it('replaces one, and leaves nothing beside it', () => {
    writeFileSync(at('x'), 'old');
    writeWhole(at('x'), 'new');
    expect(readFileSync(at('x'), 'utf8')).toBe('new');
    expect(readdirSync(root)).toEqual(['x']);
  });

  it.runIf(process.platform === 'linux')('writes a device as it is', () => {
    writeWhole('/dev/null', 'lost');
    expect(statSync('/dev/null').isFile()).toBe(false);
    expect(() => writeWhole('/dev/full', 'lost')).toThrow(/got '\/dev\/full': ENOSPC/);
  });

  it('that cannot take its place leaves nothing', () => {
    mkdirSync(at('x'));
    expect(() => writeWhole(at('x'), 'new')).toThrow(/EISDIR/);
    const output = createOutput(at('x'));
    expect(() => output.commit()).toThrow(/An output is a file/);
    output.discard();
    expect(readdirSync(root)).toEqual(['x']);
  });
});

it('a sweep takes what this process has begun, whatever it is called, and nothing else', () => {
  const names = ['a.flac', 'line\nbreak.mp3', `${'long '.repeat(40)}.wav`, '.hidden'];
  const outputs = names.map((name) => createOutput(at(name)));
  expect(readdirSync(root)).toHaveLength(names.length);
  const { pid, start, ...own } = ownProcess();
  const of = (owner: Partial<Owner>) => ownerText({ ...own, pid, start, ...owner });
  const others = [
    ...[`.a.flac.${of({ pid: `${pid}1` })}-0-1.part`, `.a.flac.${of({ pid: `1${pid}` })}-0-1.part`],
    ...[`.a.flac.${of({ host: 'ffffffff' })}-0-1.part`, `.a.flac.${of({ start: '1' })}-0-1.part`],
    ...[`a.flac.${of({})}-0-1.part`, `.a.${of({})}-0-1.part.flac`, '.a.flac.part', `.a.${pid}-0-1.part`],
  ];
  for (const name of others) writeFileSync(at(name), '');
  sweep(root);
  expect(readdirSync(root).sort()).toEqual(others.sort());
  for (const output of outputs) output.discard();
  sweep(at('none'));
});

describe('a sweep of what the dead have left', () => {
  const own = ownProcess();
  /** A file that is half-written by an owner like this process but for what is said. */
  const left = (owner: Partial<Owner>, writtenAt = new Date()): string => {
    const name = `.x.flac.${ownerText({ ...own, ...owner })}-1-1.part`;
    writeFileSync(at(name), 'half');
    utimesSync(at(name), writtenAt, writtenAt);
    return name;
  };
  const longAgo = new Date(2020, 0);
  const neverGiven = '4194305'; // one more than the highest number that Linux gives

  it.runIf(process.platform === 'linux')('takes that of a process that ended, also by a kill', async () => {
    const program = `
      const { createOutput } = await import(${JSON.stringify(wholeFile)});
      createOutput(process.argv[1]);
      console.log('begun');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, at('x')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    sweepDead(root);
    expect(readdirSync(root)).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    sweepDead(root);
    expect(readdirSync(root)).toEqual([]);
  });

  it('takes that of a number that was given to another process since', () => {
    left({ start: '1' });
    sweepDead(root);
    expect(readdirSync(root)).toEqual([]);
  });

  it('takes that of an earlier start of this host, unless it is written to now', () => {
    left({ boot: 'ffffffff' }, longAgo);
    const now = left({ boot: 'eeeeeeee' });
    sweepDead(root);
    expect(readdirSync(root)).toEqual([now]);
  });

  it('takes that of another container on this host once nobody has written to it for an hour', () => {
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    left({ space: '1' }, minutesAgo(61));
    const now = left({ space: '2', pid: neverGiven }, minutesAgo(50));
    sweepDead(root);
    expect(readdirSync(root)).toEqual([now]);
  });

  it.each<[string, Partial<Owner>]>([
    ['another host', { host: 'ffffffff', pid: neverGiven }],
    ['another host that has started since', { host: 'ffffffff', boot: 'ffffffff' }],
    ['this process', {}],
    ['the first of all processes, whoever asks', { pid: '1', start: '0' }],
  ])('leaves that of %s', (_whose, owner) => {
    const name = left(owner, longAgo);
    sweepDead(root);
    expect(readdirSync(root)).toEqual([name]);
  });

  it('leaves all other files, and is no failure where there is no folder', () => {
    for (const name of ['.x.flac.part', '.x.flac.1-1-1.part', 'x.flac']) writeFileSync(at(name), '');
    mkdirSync(at(left({ pid: neverGiven }).replace('-1-1', '-1-2')));
    sweepDead(root);
    sweepDead(at('none'));
    expect(readdirSync(root)).toHaveLength(4);
  });
});
