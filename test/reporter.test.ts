import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const REPORTER = fileURLToPath(new URL('reporter.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-reporter-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function lastLineOf(files: Readonly<Record<string, string>>): string | undefined {
  mkdirSync(join(folder, 'test'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'test', name), text);
  const run = spawnSync(
    process.execPath,
    [VITEST, 'run', '--root', folder, '--globals', '--reporter', 'default', '--reporter', REPORTER],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', VITEST: undefined } },
  );
  return run.stdout.trimEnd().split('\n').at(-1);
}

describe('the last line of a test run', () => {
  it('counts what passed, and a file that cannot be loaded as one failure', () => {
    expect(
      lastLineOf({
        'a.test.js': `it('a', () => {}); describe('b', () => { it('c', () => {}); it('d', () => { throw 1; }); });`,
        'b.test.js': `import './missing.js';`,
      }),
    ).toBe('2 passed, 2 failed');
  });

  it('counts what was skipped apart, and an error outside of tests as a failure', () => {
    expect(
      lastLineOf({
        'a.test.js': `it('a', () => { Promise.reject(new Error('nobody listens')); }); it.skip('b', () => {});`,
      }),
    ).toBe('1 passed, 1 failed, 1 skipped');
  });
});
