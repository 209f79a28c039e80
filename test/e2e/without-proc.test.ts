import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { readRun } from '../../src/report/read-run.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import { bin, filesUnder, scratch, startProgram } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

/** A program that finds nothing in /proc. */
const unlike = (command: string): string[] => [
  ...['--map-root-user', '--mount', 'sh', '-c', `mount -t tmpfs none /proc && ${command}`],
];
const canBeWithout = spawnSync('unshare', unlike('test ! -e /proc/self')).status === 0;

it.skipIf(!canBeWithout)('a batch works with an empty /proc, and its recording is whole', async () => {
  const input = folderOfTones('in', ['x.wav', 'y.wav']);
  const recording = at('run.millpond');
  const command = [process.execPath, ...bin, 'transcode', input, '--to', 'flac', '--out', at('out')];
  const { code, stdout, stderr } = await startProgram('unshare', [
    ...unlike('test ! -e /proc/self && exec "$0" "$@"'),
    ...[...command, '--record', recording, '--json'],
  ]).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(filesUnder(at('out'))).toEqual(['x.flac', 'y.flac']);
  const { runtime } = JSON.parse(stdout);
  expect(runtime.tasks.succeeded).toBe(2);
  expect(runtime.pressure).toMatchObject({ level: 'nominal', processShare: null, rssBytes: 0 });
  const run = await readRun(recording);
  expect(run.end?.snapshot.tasks.succeeded).toBe(2);
  const document = runDocument(run, { byWorker: false, expectedIntervalNs: null });
  expect(formatRun(document, new PassThrough() as unknown as NodeJS.WriteStream)).toMatch(
    /^memory .*, the whole process unknown$/m,
  );
});
