import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutput, sweep, writeWhole } from '../../src/files/whole-file.ts';

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
  const others = [
    ...[`.a.flac.${process.pid}1-0-1.part`, `.a.flac.1${process.pid}-0-1.part`, '.a.flac.part'],
    ...[`a.flac.${process.pid}-0-1.part`, `.a.${process.pid}-0-1.part.flac`],
  ];
  for (const name of others) writeFileSync(at(name), '');
  sweep(root);
  expect(readdirSync(root).sort()).toEqual(others.sort());
  for (const output of outputs) output.discard();
  sweep(at('none'));
});
