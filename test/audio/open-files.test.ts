/** A process that may have no more files open. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scratch } from './audio-files.ts';
import { tone, writeWav } from './wav.ts';

const at = scratch();
const program = fileURLToPath(new URL('too-many-open.ts', import.meta.url));
const canLimit = spawnSync('sh', ['-c', 'ulimit -n 100']).status === 0;

it.skipIf(!canLimit)('an input that cannot be opened for that reason is not taken for a bad one', () => {
  const input = writeWav(at('in.wav'), [tone(8000, 8000, 440)]);
  const args = ['--conditions=millpond-source', program, input];
  const limited = ['-c', 'ulimit -n 100; exec "$0" "$@"', process.execPath, ...args];
  const { stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const messages: string[] = JSON.parse(stdout);
  // By the one who opens it first, and by FFmpeg.
  expect(messages).toEqual([expect.stringMatching(/EMFILE/), expect.stringMatching(/Too many open files/)]);
  for (const message of messages) {
    expect(message).toContain('ulimit -n');
    expect(message).not.toMatch(/Check/);
  }
});
