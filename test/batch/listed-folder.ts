/** A folder for the files of each test of a test file, and what a listing makes of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { listed } from './listed.ts';

export function listedFolder() {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millpond-plan-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const at = (...parts: string[]): string => join(root, ...parts);

  function put(name: string, bytes = 100): string {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), Buffer.alloc(bytes));
    return at(name);
  }

  /** Of a batch in which nothing is refused. */
  async function outputs(inputs: string[], out = 'out'): Promise<string[]> {
    const { files, refused } = await listed(inputs, { folder: at(out), extension: '.flac' });
    expect(refused).toEqual([]);
    return files.map(({ output }) => (output as string).slice(at(out).length + 1)).sort();
  }

  return { at, put, outputs };
}
