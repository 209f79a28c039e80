import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { filesUnder, millpond, scratch, tone } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

describe('millpond analyze', () => {
  it('prints a line for each file in the order of their names, and makes no file', async () => {
    const input = folderOfTones('album', ['b/two.wav', 'a one.wav']);
    writeWav(join(input, 'silent.wav'), [new Int16Array(8000)], { rate: 8000 });
    const before = filesUnder(input);
    const { code, stdout, stderr } = await millpond('analyze', input);
    expect([code, stderr]).toEqual([0, '']);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head.trim().split(/ {2,}/)).toEqual([
      ...['LUFS', 'range', 'true peak', 'RMS', 'clipped', 'length', 'file'],
    ]);
    expect(lines.map((line) => line.replace(/.* {2}/, '').replace(/.*album\//, ''))).toEqual([
      ...['a one.wav', 'b/two.wav', 'silent.wav'],
    ]);
    expect(lines[2]).toMatch(/^ *- +- +- +- +0 +1 s /);
    expect(lines[0]).toMatch(/^ *-\d+\.\d +- +-\d+\.\d +-\d+\.\d +0 +1 s /);
    expect(filesUnder(input)).toEqual(before);
  });

  it('gives every figure as JSON, and fails a file that is no audio without losing the others', async () => {
    const input = folderOfTones('json', ['b.wav', 'a.wav']);
    writeFileSync(join(input, 'bad.wav'), 'RIFF but not really');
    const { code, stdout, stderr } = await millpond('analyze', input, '--json', '--threads', '1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed: .*bad\.wav: .*\(ERR_AUDIO_\w+\)\n$/);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: 'millpond.run/1',
      command: 'analyze',
      files: { total: 3, ok: 2, failed: 1, skipped: 0 },
      audioSeconds: 2,
      budget: { endBytes: 0 },
    });
    expect(report.results.map(({ file }: { file: string }) => file)).toEqual([
      join(input, 'a.wav'),
      join(input, 'b.wav'),
    ]);
    const [{ loudness, levels, channelLevels, ...rest }] = report.results;
    expect(rest).toMatchObject({
      codec: 'pcm_s16le',
      sampleRate: 8000,
      channels: 1,
      frames: 8000,
      seconds: 1,
    });
    expect(rest.waveform).toBeUndefined();
    expect(channelLevels).toEqual([levels]);
    expect(loudness.momentaryMax).toBeCloseTo(loudness.integrated, 1);
    expect(levels.peakDb).toBeLessThanOrEqual(levels.truePeakDb);
  });

  it('gives CSV that any reader takes, whatever a file is called', async () => {
    const name = 'x, "y"\n.wav';
    const input = folderOfTones('csv', [name]);
    const { code, stdout } = await millpond('analyze', input, '--csv', '--quiet');
    expect(code).toBe(0);
    const [head, line, end] = stdout.split('\r\n');
    expect(head).toMatch(/^file,codec,sample_rate_hz,channels,seconds,integrated_lufs,/);
    expect(line.startsWith(`"${input}/x, ""y""\\u000a.wav",pcm_s16le,8000,1,1,-`)).toBe(true);
    expect(line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)).toHaveLength(head.split(',').length);
    expect(end).toBe('');
  });

  it('draws each file, and names the folder of a waveform that it cannot write', async () => {
    const input = folderOfTones('drawn', ['one.wav', 'sub/two.wav']);
    const { code } = await millpond('analyze', input, '--waveform', at('pictures'));
    expect(code).toBe(0);
    expect(filesUnder(at('pictures'))).toEqual(['one.svg', 'sub/two.svg']);
    const svg = readFileSync(at('pictures', 'one.svg'), 'utf8');
    const [, outline] = /<path d="(M[^"]+)" fill/.exec(svg) ?? [];
    // Every point is in the picture, and the tone is as high as it is loud.
    const heights = [...outline.matchAll(/,(-?[\d.]+)/g)].map(([, y]) => Number(y));
    const peak = Math.max(...tone()) / 32_768;
    expect(Math.min(...heights)).toBeCloseTo(140 * (1 - peak), 0);
    expect(Math.max(...heights)).toBeCloseTo(140 * (1 + peak), 0);
    writeFileSync(at('taken'), '');
    const failed = await millpond('analyze', input, '--waveform', at('taken'));
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/failed: .*one\.wav: .*taken.*\(ERR_OUTPUT_WRITE\)/);
    expect(existsSync(at('taken', 'one.svg'))).toBe(false);
    expect(readdirSync(at('pictures')).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
