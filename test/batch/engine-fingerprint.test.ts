import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { engineFingerprint } from '../../src/batch/engine-fingerprint.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is tested once, kept, and tested again where what is kept is of something else, or damaged', async () => {
  const tested = await engineFingerprint(folder);
  expect(tested).toMatch(/^[0-9a-f]{64}$/);
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const path = join(folder, name);
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  expect(kept.fingerprint).toBe(tested);
  // What is kept is believed, and no test is run.
  writeFileSync(path, JSON.stringify({ ...kept, fingerprint: 'f'.repeat(64) }));
  expect(await engineFingerprint(folder)).toBe('f'.repeat(64));
  const bad = [JSON.stringify({ ...kept, about: 'another CPU' }), ' '.repeat(100_000)];
  for (const text of bad) {
    writeFileSync(path, text);
    expect(await engineFingerprint(folder)).toBe(tested);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(kept);
  }
  expect(statSync(path).size).toBeLessThan(65_536);
});
