import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { dirtyShard } from '../stand.ts';
import { convert, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const FRAMES = 100_000;
const FORMATS = ['wav', 'flac', 'ogg', 'mp3'] as const;
const MIXTURE = 'The file was written to while it was read: what came out may be a mixture.';

beforeAll(() => {
  writeWav(at('whole.wav'), [noise(FRAMES, 16)]);
  for (const format of FORMATS) {
    if (format !== 'wav') convert(at('whole.wav'), at(`whole.${format}`), format);
  }
});

/** Reads a copy of a file to its end, and changes it when the first block has been read. */
function readChanging(
  format: string,
  change: (path: string) => void,
): { frames: number; warnings: readonly string[] } {
  const path = at(`changing.${format}`);
  copyFileSync(at(`whole.${format}`), path);
  utimesSync(path, 1, 1);
  using decoder = openDecoder(path);
  const block = new Block(dirtyShard().acquire(16_384), 1, 'f32');
  let frames = decoder.read(block);
  change(path);
  for (let more = 1; more > 0; frames += more) more = decoder.read(block);
  return { frames, warnings: decoder.warnings };
}

describe('a file that is read while it', () => {
  test.each(FORMATS)('becomes shorter is refused: %s', (format) => {
    const size = readFileSync(at(`whole.${format}`)).length;
    expect(() => readChanging(format, (path) => truncateSync(path, size >> 1))).toThrow(
      refusal(
        'ERR_AUDIO_CHANGED',
        /^An input stays as it is while it is read, got ".*", which became shorter/,
      ),
    );
  });

  test('becomes shorter leaves no output', () => {
    copyFileSync(at('whole.ogg'), at('short.ogg'));
    const process = () => () => truncateSync(at('short.ogg'), 5000);
    expect(() => convert(at('short.ogg'), at('short.flac'), 'flac', { process, pool: dirtyShard() })).toThrow(
      refusal('ERR_AUDIO_CHANGED'),
    );
    expect(existsSync(at('short.flac'))).toBe(false);
  });

  test.each(FORMATS)('is written over gives what was there, and a note: %s', (format) => {
    const bytes = readFileSync(at(`whole.${format}`));
    const read = readChanging(format, (path) => {
      writeFileSync(path, bytes);
      // Whatever clock the file system has.
      utimesSync(path, 2, 2);
    });
    expect(read).toEqual({ frames: FRAMES, warnings: [MIXTURE] });
  });

  test('is written over with what does not decode says so, and not that it is damaged', () => {
    const read = () => readChanging('flac', (path) => writeFileSync(path, Buffer.alloc(1_000_000, 0x55)));
    expect(read).toThrow(refusal('ERR_AUDIO_CHANGED'));
  });

  test('grows gives what it had, and a note', () => {
    const read = readChanging('wav', (path) => {
      appendFileSync(path, Buffer.alloc(1000));
      utimesSync(path, 1, 1);
    });
    expect(read).toEqual({ frames: FRAMES, warnings: [MIXTURE] });
  });

  test('stays as it is gives no note', () => {
    expect(readChanging('wav', () => {})).toEqual({ frames: FRAMES, warnings: [] });
  });
});
