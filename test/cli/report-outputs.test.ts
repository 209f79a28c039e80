import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { millpond, scratch, startProgram } from '../e2e/millpond.ts';
import { recordingsIn } from './recordings.ts';

const at = scratch();
const recording = recordingsIn(at);

describe('millpond report', () => {
  it('writes tables and a log, each as a whole, over what was there', async () => {
    const run = recording('files.millpond');
    writeFileSync(at('run.hlog'), 'old');
    const out = ['--hgrm', at('deep', 'tables'), '--hlog', at('run.hlog')];
    const { code, stderr } = await millpond('report', run, ...out);
    expect(code).toBe(0);
    expect(stderr).toBe(`wrote ${at('run.hlog')}\nwrote ${at('deep', 'tables')}\n`);
    expect(readFileSync(at('run.hlog'), 'utf8')).toMatch(/^#\[Written by millpond/);
    const names = readdirSync(at('deep', 'tables'));
    expect(names).toContain('files-latency-fresh.hgrm');
    expect(readdirSync(at('.')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('writes one page with --html, and its outputs lie in files of their own', async () => {
    const run = recording('page.millpond');
    expect((await millpond('report', run, '--html', at('page.html'))).code).toBe(0);
    expect(readFileSync(at('page.html'), 'utf8').length).toBeLessThan(1e6);
    const twice = await millpond('report', run, '--html', at('same'), '--hlog', at('same'));
    expect([twice.code, twice.stderr]).toEqual([
      2,
      expect.stringMatching(/would be written twice.*ERR_OUTPUT_CLASH/),
    ]);
  });

  it('writes into a pipe as it is', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const reader = startProgram('cat', [at('pipe')]);
    const { code } = await millpond('report', recording('piped.millpond'), '--hlog', at('pipe'));
    expect(code).toBe(0);
    expect((await reader.ended).stdout).toMatch(/^#\[Written by millpond.*\n$/s);
  });

  it('never overwrites a recording, under whatever name', async () => {
    const run = recording('precious.millpond');
    const before = readFileSync(run);
    symlinkSync(run, at('link'));
    linkSync(run, at('hard'));
    mkdirSync(at('tables'));
    for (const out of [
      ['--hlog', run],
      ['--hlog', at('.', 'tables', '..', 'precious.millpond')],
      ['--hlog', at('link')],
      ['--hlog', at('hard')],
    ]) {
      const { code, stdout, stderr } = await millpond('report', run, ...out);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^millpond: An output never overwrites a recording .* \(ERR_OUTPUT_CLASH\)\n$/);
    }
    symlinkSync(run, at('tables', 'precious-queue.hgrm'));
    expect((await millpond('report', run, '--hgrm', at('tables'))).code).toBe(2);
    expect(readFileSync(run)).toEqual(before);
    expect(readdirSync(at('tables'))).toEqual(['precious-queue.hgrm']);
  });

  it.runIf(process.platform === 'linux')('says so of a folder that takes no others', async () => {
    const { code, stderr } = await millpond('report', recording('p.millpond'), '--hgrm', '/proc/none/tables');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^millpond: Outputs go into folders .*'\/proc\/none\/tables'.* \(ERR_OUTPUT_WRITE\)\n$/,
    );
  });

  it('says where it cannot write', async () => {
    const { code, stderr } = await millpond(
      'report',
      recording('w.millpond'),
      '--hlog',
      at('none', 'x.hlog'),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/got '.*x\.hlog': ENOENT.*\(ERR_OUTPUT_WRITE\)\n$/);
  });
});
