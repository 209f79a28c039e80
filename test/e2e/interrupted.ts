/** Runs that are interrupted in the midst of their work. */
import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { filesUnder, start } from './millpond.ts';

/** Resolves when something was written under a folder: work has begun. */
export function firstFile(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  return new Promise((resolve) => {
    const watcher = watch(folder, (_, name) => {
      // Made before anything is known of the work.
      if (name === '.millpond') return;
      watcher.close();
      resolve();
    });
  });
}

function announcedSeconds(path: string): number {
  const decoder = openDecoder(path);
  const { announcedFrames, sampleRate } = decoder.info;
  decoder.close();
  return announcedFrames! / sampleRate;
}

/** Transcodes hours of work, and ends it by SIGINT once it has begun. */
export async function stopsCleanly(input: string, out: string, to: string): Promise<void> {
  const working = firstFile(out);
  const { child, ended } = start(['transcode', input, '--to', to, '--out', out, '--json']);
  await working;
  child.kill('SIGINT');
  const { code, signal, stdout, stderr } = await ended;
  expect({ out, code, signal }).toEqual({ out, code: 130, signal: null });
  expect(stderr).toContain('stopping');
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ interrupted: true, failures: [], budget: { endBytes: 0 } });
  const left = filesUnder(out);
  expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  expect(left).toHaveLength(report.files.ok);
  for (const name of left) expect(announcedSeconds(join(out, name))).toBeCloseTo(60, 0);
}
