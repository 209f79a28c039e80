import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { createEncoder } from '../../src/audio/encode/encoder.ts';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { planTarget, TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { createFileSink } from '../../src/audio/sinks/file-sink.ts';
import type { Sink } from '../../src/audio/sinks/sink.ts';
import { NO_TAG_WRITER } from '../../src/audio/tags/write/tag-writer.ts';
import { transcode } from '../../src/audio/transcode.ts';
import { dirtyShard } from '../stand.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];

function folder(name: string): (file: string) => string {
  mkdirSync(at(name));
  return (file) => at(`${name}/${file}`);
}

describe('an output', () => {
  test.each(NAMES)('%s appears whole: while it is written only a hidden name is there', (to) => {
    const inside = folder(`whole-${to}`);
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    const seen = new Set<string>();
    convert(input, inside(`out.${to}`), to, {
      progress: () => {
        for (const name of readdirSync(inside('.'))) seen.add(name);
      },
    });
    expect([...seen].every((name) => name.startsWith('.out.') && name.endsWith('.part'))).toBe(true);
    expect(seen.size).toBe(1);
    expect(readdirSync(inside('.'))).toEqual([`out.${to}`]);
  });

  test('replaces what was there, and only when it is done', () => {
    const inside = folder('replace');
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    writeFileSync(inside('out.flac'), 'old');
    convert(input, inside('out.flac'), 'flac', {
      progress: () => expect(readFileSync(inside('out.flac'), 'utf8')).toBe('old'),
    });
    expect(readAll(inside('out.flac')).frames).toBe(100_000);
  });

  test('that may not replace anything leaves what appeared while it was written', () => {
    const inside = folder('appeared');
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    const pool = dirtyShard();
    const signal = new AbortController().signal;
    const run = (progress?: () => void) =>
      transcode(
        { input, output: { path: inside('out.flac'), overwrite: false }, to: 'flac' },
        { pool, signal, block: { bytes: 65_536 }, progress },
      );
    const exists = expect.objectContaining({ code: 'ERR_OUTPUT_EXISTS' });
    let blocks = 0;
    const appears = (): void => {
      if (blocks++ === 1) writeFileSync(inside('out.flac'), 'theirs');
    };
    expect(() => run(appears)).toThrow(exists);
    const written = blocks;
    expect(written).toBeGreaterThan(2);
    expect(() => run(appears)).toThrow(exists);
    expect(blocks).toBe(written);
    expect(readFileSync(inside('out.flac'), 'utf8')).toBe('theirs');
    expect(readdirSync(inside('.'))).toEqual(['out.flac']);
    expect(pool.lent).toBe(0);
    rmSync(inside('out.flac'));
    run();
    expect(readAll(inside('out.flac')).frames).toBe(100_000);
  });

  test('passes over hidden files that others left behind', () => {
    const inside = folder('stale');
    const input = writeWav(at('in.wav'), [noise(100_000, 16)]);
    let hidden = '';
    const progress = () => {
      hidden = readdirSync(inside('.')).find((name) => name.endsWith('.part')) ?? '';
    };
    convert(input, inside('out.flac'), 'flac', { progress });
    const [start, number] = hidden.split(/(\d+)\.part$/);
    const stale = [1, 2, 3].map((next) => `${start}${Number(number) + next}.part`);
    for (const name of stale) writeFileSync(inside(name), 'stale');
    expect(convert(input, inside('out.flac'), 'flac').frames).toBe(100_000);
    expect(readdirSync(inside('.')).sort()).toEqual([...stale, 'out.flac'].sort());
    for (const name of stale) expect(readFileSync(inside(name), 'utf8')).toBe('stale');
  });

  test('may be the input itself', () => {
    const input = writeWav(at('self.wav'), [noise(5000, 16)]);
    const before = readAll(input).planes;
    convert(input, input, 'wav');
    expect(readAll(input).planes).toEqual(before);
  });

  test('reports its size', () => {
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    const { bytesWritten } = convert(input, at('size.flac'), 'flac');
    expect(bytesWritten).toBe(readFileSync(at('size.flac')).length);
  });

  test('is the same, byte for byte, each time', () => {
    const input = writeWav(at('in.wav'), [noise(30_000, 16)], { tags: { INAM: 'Same' } });
    for (const to of NAMES) {
      convert(input, at(`first.${to}`), to);
      convert(input, at(`second.${to}`), to);
      expect(readFileSync(at(`second.${to}`)).equals(readFileSync(at(`first.${to}`)))).toBe(true);
    }
  });

  test('in ogg has its sound on two pages at least, or FFmpeg-based players would cut it short', () => {
    const input = writeWav(at('in.wav'), [noise(6151, 16)]);
    convert(input, at('pages.ogg'), 'ogg');
    const bytes = readFileSync(at('pages.ogg'));
    const positions: bigint[] = [];
    for (let page = bytes.indexOf('OggS'); page >= 0; page = bytes.indexOf('OggS', page + 4)) {
      positions.push(bytes.readBigInt64LE(page + 6));
    }
    const sound = positions.filter((position) => position > 0n);
    expect(sound.length).toBeGreaterThanOrEqual(2);
    expect(sound.at(-1)).toBe(6151n);
  });

  // A real one of 4 GiB takes half a minute to write. The muxer makes this room only where it may write RF64.
  test('in wav has room for the header that more than 4 GiB need', () => {
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    convert(input, at('room.wav'), 'wav');
    const bytes = readFileSync(at('room.wav'));
    const head = [bytes.toString('latin1', 0, 4), bytes.toString('latin1', 36, 40), bytes.readUInt32LE(40)];
    expect(head).toEqual(['RIFF', 'JUNK', 28]);
    expect(readAll(at('room.wav')).planes).toEqual(readAll(input).planes);
  });

  test.each(['missing/out.flac', 'in.wav/out.flac'])('in %s cannot be written', (place) => {
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    const pool = dirtyShard();
    expect(() => convert(input, at(place), 'flac', { pool })).toThrow(
      expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }),
    );
    expect(pool.lent).toBe(0);
  });

  test('over a folder cannot be written, and leaves nothing behind', () => {
    const inside = folder('over');
    mkdirSync(inside('out.flac'));
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    expect(() => convert(input, inside('out.flac'), 'flac')).toThrow(
      expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }),
    );
    expect(readdirSync(inside('.'))).toEqual(['out.flac']);
  });

  test.each(NAMES.filter(() => existsSync('/dev/full')))('%s on a full disk is an error', (to) => {
    const decoder = openDecoder(writeWav(at('in.wav'), [noise(200_000, 16)]));
    const plan = planTarget(decoder.info, { to });
    decoder.configure(plan.kind, plan.sampleRate);
    const lease = dirtyShard().acquire(65_536);
    const block = new Block(lease, 1, plan.kind);
    const full: Sink = {
      ...createFileSink({ path: at('full') }),
      bytes: { kind: 'file', handle: '/dev/full' },
    };
    const write = () => {
      using sink = full;
      using encoder = createEncoder(sink, { ...plan, tagWriter: NO_TAG_WRITER });
      for (let frames = decoder.read(block); frames > 0; frames = decoder.read(block))
        encoder.write(block, frames);
      encoder.finish();
    };
    expect(write).toThrow(
      expect.objectContaining({
        code: 'ERR_OUTPUT_WRITE',
        message: expect.stringContaining('No space left'),
      }),
    );
    decoder.close();
  });
});

describe('a conversion that ends early', () => {
  test('by its signal leaves no file and no lease, and throws the reason', () => {
    const inside = folder('cancel');
    const input = writeWav(at('long.wav'), [noise(300_000, 16)]);
    const pool = dirtyShard();
    const controller = new AbortController();
    const reason = new Error('enough');
    let blocks = 0;
    const job = {
      pool,
      signal: controller.signal,
      progress: () => {
        blocks++;
        controller.abort(reason);
      },
    };
    expect(() => convert(input, inside('out.mp3'), 'mp3', job)).toThrow(reason);
    expect(blocks).toBe(1);
    expect(pool.lent).toBe(0);
    expect(readdirSync(inside('.'))).toEqual([]);
  });

  test.each(['out.flac', 'out.mp3'])('after its last block still leaves no file: %s', (name) => {
    const inside = folder(`late-${name}`);
    const input = writeWav(at('in.wav'), [noise(5000, 16)]);
    const pool = dirtyShard();
    const controller = new AbortController();
    const reason = new Error('enough');
    const acquire = pool.acquire.bind(pool);
    // The lease goes back when all blocks are written, and the end of the file is not.
    pool.acquire = (bytes) => {
      const lease = acquire(bytes);
      const release = lease.release.bind(lease);
      lease.release = () => {
        controller.abort(reason);
        release();
      };
      return lease;
    };
    const job = { pool, signal: controller.signal };
    const to = name === 'out.mp3' ? 'mp3' : 'flac';
    expect(() => convert(input, inside(name), to, job)).toThrow(reason);
    expect([pool.lent, ...readdirSync(inside('.'))]).toEqual([0]);
  });

  test('before it began opens nothing', () => {
    const pool = dirtyShard();
    expect(() =>
      convert(at('nothing.wav'), at('x.mp3'), 'mp3', { pool, signal: AbortSignal.abort() }),
    ).toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(pool.acquired).toBe(0);
  });

  test('while its input was opened makes no file any more', () => {
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    const pool = dirtyShard();
    const controller = new AbortController();
    const reason = new Error('enough');
    const request = {
      input,
      output: at('no-such-folder/out.flac'),
      to: 'flac' as const,
      get gainDb() {
        controller.abort(reason);
        return 0;
      },
    };
    const context = { pool, signal: controller.signal, block: { bytes: 65_536 } };
    // Where it tried to make one, the missing folder would be the error.
    expect(() => transcode(request, context)).toThrow(reason);
    expect(pool.acquired).toBe(0);
  });

  test('by damage leaves no file and no lease', () => {
    const inside = folder('damage');
    writeWav(at('d.wav'), [noise(100_000, 16)]);
    convert(at('d.wav'), at('d.flac'), 'flac');
    const bytes = readFileSync(at('d.flac'));
    bytes.fill(0x55, 150_000, 150_100);
    writeFileSync(at('d.flac'), bytes);
    const pool = dirtyShard();
    expect(() => convert(at('d.flac'), inside('out.wav'), 'wav', { pool })).toThrow(
      expect.objectContaining({ code: 'ERR_AUDIO_DECODE' }),
    );
    expect(pool.lent).toBe(0);
    expect(readdirSync(inside('.'))).toEqual([]);
  });

  test('by an encoder that refuses leaves no file', () => {
    const inside = folder('refused');
    using decoder = openDecoder(writeWav(at('in.wav'), [noise(1000, 16)], { rate: 48_000 }));
    // No request comes to such a plan.
    const plan = { ...planTarget(decoder.info, { to: 'opus' }), bitrate: 2_000_000 };
    expect(() => {
      using sink = createFileSink({ path: inside('out.opus') });
      using encoder = createEncoder(sink, { ...plan, tagWriter: NO_TAG_WRITER });
      encoder.finish();
    }).toThrow(expect.objectContaining({ code: 'ERR_AUDIO_ENCODE' }));
    expect(readdirSync(inside('.'))).toEqual([]);
  });

  test.each([
    { rate: 10 },
    { rate: 44_100.5 },
    { channels: 9 },
    { channels: 0 },
    { bitrate: 1 },
    { bits: 20 as 16 },
  ])('by a request out of range: %o', (job) => {
    const input = writeWav(at('in.wav'), [noise(1000, 16)]);
    expect(() => convert(input, at('range.flac'), 'flac', job)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});
