import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { millpond, scratch } from './millpond.ts';

const at = scratch();

describe('wrong usage', () => {
  it.each([
    [['transcode', 'x', '--to', 'aac', '--out', 'y'], /--to.*flac/s],
    [['transcode', 'x', '--to', 'flac'], /--out/],
    [['transcode', '--to', 'flac', '--out', 'y'], /missing required argument/],
    [['transcode', 'x', '--to', 'flac', '--out', 'y', '--rate', '44.1k'], /whole number from 1000/],
    [['transcode', 'x', '--to', 'flac', '--out', 'y', '--bits', '20'], /16, 24 or 32/],
    [['transcode', 'x', '--to', 'mp3', '--out', 'y', '--bitrate', 'high'], /192k/],
    [['transcode', 'x', '--to', 'mp3', '--out', 'y', '--budget', 'lots'], /100MiB/],
    [
      ['transcode', 'x', '--to', 'mp3', '--out', 'y', '--budget', '1k', '--threads', '2'],
      /ERR_BUDGET_TOO_SMALL/,
    ],
    [['transcode', 'x', '--to', 'mp3', '--out', 'y', '--threads', '0'], /1 to 256/],
    [['transcode', 'x', '--to', 'mp3', '--out', 'y', '--fast'], /unknown option/],
    [['demo', 'more'], /too many arguments/],
    [['transmogrify'], /unknown command/],
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
    ['health', '--help'],
    ['demo', '--help'],
  ])('of %s has examples, on stdout, and ends with 0', async (...args) => {
    const { code, stdout, stderr } = await millpond(...args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Usage: .*Examples:\n {2}millpond/s);
  });

  it('--version prints the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await millpond('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
