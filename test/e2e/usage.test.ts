import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { millpond, scratch } from './millpond.ts';

const at = scratch();

describe('wrong usage', () => {
  it.each([
    [['transcode', 'x', '--to', 'flac'], /^millpond: --out is missing: /],
    [['transcode', '--to', 'flac', '--out', 'y'], /missing required argument/],
    [
      ['transcode', 'x', '--to', 'aac', '--out', 'y'],
      /^millpond: --to aac: .*flac.*\(ERR_INVALID_ARGUMENT\)$/m,
    ],
    [
      ['transcode', 'x', '--to', 'mp3', '--out', 'y', '--budget', '10', '--threads', '2'],
      /^millpond: --budget 10: .* write 10MiB\. \(ERR_BUDGET_TOO_SMALL\)$/m,
    ],
    [['transcode', 'x', '--tto', 'mp3', '--out', 'y'], /unknown option '--tto'\n\(Did you mean --to\?\)/],
    [['demo', 'more'], /too many arguments/],
    [['demo', '--record', join('out', 'demo', 'report.html')], /\(ERR_OUTPUT_CLASH\)/],
    [['transmogrify'], /unknown command 'transmogrify'\. Commands are transcode, /],
    [['trancsode', 'x'], /unknown command 'trancsode'\. Did you mean transcode\?/],
    [['help', 'HEALHT'], /unknown command 'HEALHT'\. Did you mean health\?/],
    [['help', 'transcode', 'x'], /too many arguments/],
    [[], /Usage: millpond/],
  ])('%j ends with 2 and says what to do', async (args, message) => {
    const { code, stdout, stderr } = await millpond(...args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('of a folder without audio says so', async () => {
    mkdirSync(at('nothing'));
    writeFileSync(at('nothing', 'notes.txt'), '');
    const { code, stderr } = await millpond('transcode', at('nothing'), '--to', 'mp3', '--out', at('y'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/held none \(1 other files\).*ERR_NO_INPUT/);
  });
});

describe('help', () => {
  it.each([
    ['--help'],
    ['transcode', '--help'],
    ['analyze', '--help'],
    ['health', '--help'],
    ['demo', '--help'],
    ['help'],
    ['help', 'report'],
  ])('of %s has examples, on stdout, and ends with 0', async (...args) => {
    const { code, stdout, stderr } = await millpond(...args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Usage: .*Examples:\n {2}millpond/s);
  });

  it('says which rule wins, of options that say which files are done', async () => {
    const { stdout } = await millpond('help', 'transcode');
    for (const rule of [
      /are replaced, each as a whole,\s+unless --skip-existing, --newer or --no-overwrite says otherwise/,
      /--exclude wins, in whatever order/,
      /what is\nnamed is done anyway/,
      /-print0 \| millpond transcode --files-from - -0/,
    ]) {
      expect(stdout).toMatch(rule);
    }
  });

  it('of a command is the same by all its names', async () => {
    const { stdout } = await millpond('help', 'transcode');
    expect(stdout).toMatch(/^Usage: millpond transcode .*--to <format> --out <dir>/);
    expect(await millpond('transcode', '--help')).toMatchObject({ code: 0, stdout });
  });

  it('--version prints the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await millpond('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
