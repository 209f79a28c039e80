import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { firstFile, stopsCleanly } from './interrupted.ts';
import { bin, filesUnder, hoursOfWork, millpond, scratch, start, startProgram, tone } from './millpond.ts';

const at = scratch();

let input: string;
beforeAll(() => {
  input = hoursOfWork(at('in'));
});

describe('SIGINT', () => {
  it.each([
    'flac',
    'mp3',
  ])('in the middle of work to %s stops cleanly: 130, no abort, nothing half-written', async (to) => {
    await stopsCleanly(input, at(`once-${to}`), to);
  });

  it('a second time leaves at once, by the signal, without what was half-written', async () => {
    const out = at('twice');
    const working = firstFile(out);
    const { child, ended } = start(['transcode', input, '--to', 'mp3', '--out', out]);
    child.stderr?.on('data', (text: string) => {
      if (text.includes('stopping')) child.kill('SIGINT');
    });
    await working;
    child.kill('SIGINT');
    const { code, signal } = await ended;
    // The jobs may have stopped before the second signal came.
    expect([
      [null, 'SIGINT'],
      [130, null],
    ]).toContainEqual([code, signal]);
    expect(filesUnder(out).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('before work begins ends with 130 too', async () => {
    const { child, ended } = start([
      'transcode',
      input,
      '--to',
      'mp3',
      '--out',
      at('early'),
      '--log-level',
      'info',
    ]);
    // The first log line is written when the runtime starts its workers.
    await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null });
  });
});

it.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s stops in the same way, with %i', async (signal, code) => {
  const out = at(signal);
  const working = firstFile(out);
  const { child, ended } = start(['transcode', input, '--to', 'flac', '--out', out, '--quiet']);
  await working;
  child.kill(signal);
  expect(await ended).toMatchObject({ code, signal: null });
  expect(filesUnder(out).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(readFileSync(join(input, '0.wav')).length).toBeGreaterThan(1000);
});

it.runIf(existsSync('/dev/full'))(
  'a signal says how the command ends also where nothing can be written any more, as to a closed terminal',
  async () => {
    const command = [process.execPath, ...bin, 'transcode', input, '--to', 'flac', '--out', at('unheard')];
    const line = 'exec "$0" "$@" --log-level info > /dev/full';
    const { child, ended } = startProgram('sh', ['-c', line, ...command]);
    // The first log line is written when the runtime starts its workers.
    await once(child.stderr!, 'data');
    child.kill('SIGHUP');
    expect(await ended).toMatchObject({
      code: 129,
      signal: null,
      stderr: expect.stringMatching(/could not be written: ENOSPC/),
    });
  },
);

it('what a run that was killed has left half-written is removed by the next one in that folder', async () => {
  const out = at('killed');
  const hidden = () => filesUnder(out).filter((name) => name.startsWith('.'));
  const working = firstFile(out);
  const { child, ended } = start(['transcode', input, '--to', 'flac', '--out', out, '--quiet']);
  await working;
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  expect(hidden().length).toBeGreaterThan(0);
  const small = writeWav(at('small.wav'), [tone()]);
  expect(await millpond('transcode', small, '--to', 'flac', '--out', out)).toMatchObject({ code: 0 });
  expect(hidden()).toEqual([]);
  expect(filesUnder(out)).toContain('small.flac');
});
