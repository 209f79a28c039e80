import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_S16 } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { describe, expect, test, vi } from 'vitest';
import { Converter } from '../../src/audio/converter.ts';
import { defaultLayout } from '../../src/audio/plan/channels.ts';
import { dirtyShard } from '../stand.ts';
import { convert, scratch } from './audio-files.ts';
import { noise, tone, writeWav } from './wav.ts';

const at = scratch();

describe('native code', () => {
  test('keeps no pointer into what a conversion read, not even when it resamples', () => {
    const mono = { format: AV_SAMPLE_FMT_FLTP, layout: defaultLayout(1) };
    const source = Float32Array.from(tone(44_100, 44_100, 440));
    const run = (spoil: boolean): Float32Array => {
      const converter = new Converter({ ...mono, rate: 44_100 }, { ...mono, rate: 48_000 });
      const out = new Float32Array(60_000);
      let written = 0;
      for (let i = 0; i < source.length; i += 441) {
        const input = source.slice(i, i + 441);
        written += converter.convert([out.subarray(written)], 2000, [input], 441);
        // As when the lease went back to the pool: others write there, or it is gone.
        if (spoil) input.fill(Number.NaN);
        if (spoil) input.buffer.transfer(0);
      }
      written += converter.drain([out.subarray(written)], 2000);
      converter.close();
      return out.subarray(0, written);
    };
    expect(run(true)).toEqual(run(false));
  });

  test('lends the memory of its frames as views, not as copies: encoding depends on it', () => {
    const frame = new Frame();
    frame.alloc();
    frame.nbSamples = 64;
    frame.format = AV_SAMPLE_FMT_S16;
    frame.sampleRate = 48_000;
    frame.channelLayout = { nbChannels: 1, order: 1, mask: 4n } as typeof frame.channelLayout;
    expect(frame.getBuffer()).toBe(0);
    frame.data![0].writeInt16LE(-12_345, 10);
    expect(frame.toBuffer().readInt16LE(10)).toBe(-12_345);
    frame.free();
  });

  test.each([
    ['pull', 'ERR_AUDIO_DECODE'],
    ['drain', 'ERR_AUDIO_DECODE'],
    ['convert', 'ERR_AUDIO_ENCODE'],
  ] as const)('that fails in %s ends the file with an error, and leaves none', (name, code) => {
    const input = writeWav(at('fail.wav'), [noise(50_000, 16)]);
    const failing = vi.spyOn(Converter.prototype, name).mockReturnValue(-22);
    try {
      const pool = dirtyShard();
      expect(() => convert(input, at('fail.flac'), 'flac', { rate: 48_000, pool })).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining('Invalid argument') }),
      );
      expect(failing).toHaveBeenCalledTimes(1);
      expect([pool.lent, existsSync(at('fail.flac'))]).toEqual([0, false]);
    } finally {
      failing.mockRestore();
    }
  });
});

describe("FFmpeg's log", () => {
  const audio = new URL('../../src/audio/', import.meta.url);

  function run(script: string): { out: string; error: string; status: number | null } {
    writeWav(at('bad.wav'), [[1, 2, 3]], { rate: 0 });
    const program = `
      import { openDecoder } from ${JSON.stringify(new URL('open-decoder.ts', audio).href)};
      import { captureNativeLog } from ${JSON.stringify(new URL('native-log.ts', audio).href)};
      const open = () => { try { openDecoder(${JSON.stringify(at('bad.wav'))}); } catch {} };
      ${script}`;
    writeFileSync(at('log.mts'), program);
    const { stdout, stderr, status } = spawnSync(process.execPath, [at('log.mts')], { encoding: 'utf8' });
    return { out: stdout, error: stderr, status };
  }

  test('is silent by default', () => {
    expect(run('open(); console.log("done");')).toEqual({ out: 'done\n', error: '', status: 0 });
  });

  test('goes to the sink once it is captured', () => {
    const { out } = run(`
      const seen = [];
      const end = captureNativeLog((message) => seen.push(message));
      open();
      await new Promise((resolve) => setImmediate(resolve));
      end();
      console.log(JSON.stringify(seen));`);
    expect(JSON.parse(out)).toContainEqual({
      level: 'error',
      message: expect.stringContaining('Invalid sample rate: 0'),
    });
  });
});
