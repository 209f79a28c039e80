import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { silentFlac } from '../audio/silent-flac.ts';
import { writeWav } from '../audio/wav.ts';
import { filesUnder, hoursOfWork, millpond, scratch, tone } from './millpond.ts';

const at = scratch();

/** A minute of silence in 6 KiB, which is 1.1 GB of WAV, beside a second of sound. */
function bombIn(name: string): string {
  const folder = at(name);
  writeWav(`${folder}-sound.wav`, [tone()], { rate: 8000 });
  writeFileSync(`${folder}-bomb.flac`, silentFlac(180));
  return folder;
}

describe('a file that asks for more than it may', () => {
  test.each([
    [
      '--max-duration',
      '30',
      'ERR_AUDIO_TOO_LONG',
      /bomb\.flac: .* 30 seconds at the most, .* raise --max-duration\./,
    ],
    [
      '--max-output',
      '1MiB',
      'ERR_OUTPUT_TOO_LARGE',
      /bomb\.flac: .* 1 MiB at the most, .* raise --max-output\./,
    ],
  ])('fails by %s, and the others are done', async (option, value, code, said) => {
    const files = bombIn(`of${option}`);
    const out = at(`out${option}`);
    const inputs = [`${files}-bomb.flac`, `${files}-sound.wav`];
    const ended = await millpond('transcode', ...inputs, '--to', 'wav', '--out', out, option, value);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(said);
    expect(ended.stderr).toContain(code);
    expect(filesUnder(out)).toEqual([`of${option}-sound.wav`]);
  });

  test('fails by --max-duration where it is measured, too', async () => {
    const files = bombIn('measured');
    const ended = await millpond(
      'analyze',
      `${files}-bomb.flac`,
      `${files}-sound.wav`,
      '--max-duration',
      '30',
    );
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining('sound.wav') });
    expect(ended.stderr).toContain('ERR_AUDIO_TOO_LONG');
  });

  test('fails by --job-timeout, and the others are done', async () => {
    const folder = hoursOfWork(at('hours'));
    writeWav(at('short.wav'), [tone()], { rate: 8000 });
    const inputs = [`${folder}/long.wav`, at('short.wav')];
    const out = at('in-time');
    const limits = ['--job-timeout', '1', '--threads', '1'];
    const ended = await millpond('transcode', ...inputs, '--to', 'opus', '--out', out, ...limits);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/long\.wav: .* its --job-timeout; .* 1000 ms\. .*ERR_TASK_TIMEOUT/);
    expect(filesUnder(out)).toEqual(['short.opus']);
  });

  test('in a pipeline ends it, and a stream where it was at', async () => {
    const file = `${bombIn('piped')}-bomb.flac`;
    const to = ['transcode', file, '--to', 'wav', '--out', '-'];
    const piped = await millpond(...to, '--max-output', '1MiB');
    expect(piped).toMatchObject({ code: 1, stdout: '' });
    expect(piped.stderr).toContain('ERR_OUTPUT_TOO_LARGE');
    const streamed = await millpond(...to, '--stream', '--max-output', '1MiB');
    expect(streamed.code).toBe(1);
    expect(streamed.stderr).toContain('ERR_OUTPUT_TOO_LARGE');
    expect(streamed.stdout.length).toBeLessThan(16_000_000);
  });
});
