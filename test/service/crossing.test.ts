/** How bytes go from one process to another, and that nobody finds them meanwhile. */
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pianoNotes } from '../audio/audio-files.ts';
import { noise, wav } from '../audio/wav.ts';
import { serving } from './serving.ts';

const served = serving({ logLevel: 'silent' });
const small = readFileSync(pianoNotes()[0]);
/** 700 KB, more than goes into a lease. */
const large = wav([noise(176_400, 16, 1), noise(176_400, 16, 2)]);

async function post(path: string, body: NonNullable<RequestInit['body']>): Promise<Buffer> {
  const response = await fetch(`${served.url}${path}`, { method: 'POST', body });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

test.runIf(process.platform === 'linux')(
  'no file of the work directory ever has a name: of bodies, of results, of a process that starts',
  async () => {
    const named: string[] = [];
    // What is written to a file without a name is told too, with the number of its inode.
    const watcher = watch(served.workDir, (what, name) => what === 'rename' && named.push(`${name}`));
    const form = new FormData();
    form.append('audio', new Blob([new Uint8Array(large)]), 'large.wav');
    await Promise.all([
      ...[small, large].flatMap((body) => [
        post('/v1/transcode?to=wav', body),
        post('/v1/transcode?to=m4a&verify=true', body),
        post('/v1/transcode?to=opus&delivery=stream', body),
        post('/v1/transcode?to=wav&gain=-2&delivery=stream', body),
        post('/v1/analyze', body),
      ]),
      post('/v1/transcode?to=flac', form),
    ]);
    const before = served.service.pids;
    process.kill(before[0], 'SIGKILL');
    await expect.poll(() => served.service.pids.some((pid) => !before.includes(pid))).toBe(true);
    writeFileSync(join(served.workDir, 'seen'), '');
    await expect.poll(() => named.length).toBeGreaterThan(0);
    expect(named).toEqual(['seen']);
    watcher.close();
  },
);
