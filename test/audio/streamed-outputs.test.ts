/** What goes out as a stream, beside what becomes of a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TargetName } from '../../src/audio/plan/targets.ts';
import { convert, readAll } from './audio-files.ts';
import { riffChunk, withChunks } from './chunks.ts';
import { convertStream, feedOf } from './feeds.ts';
import { refusal } from './refusal.ts';
import { streamedFiles } from './streamed-files.ts';
import { byKey } from './tags.ts';
import { noise, writeWav } from './wav.ts';

const { at, files } = streamedFiles();
describe('what goes out as a stream', () => {
  test.each(
    ['wav', 'flac', 'mp3', 'ogg', 'aac'].flatMap((from) => [
      [from, 'opus'],
      [from, 'ogg'],
    ]),
  )('is the same as a file, from %s to %s', (from, to) => {
    convert(at(from), at('out'), to as TargetName);
    const { bytes, warnings } = convertStream(feedOf(files[from], [3000]), to as TargetName);
    expect(bytes.equals(readFileSync(at('out')))).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('lacks of WAV its sizes and nothing else', () => {
    writeWav(at('titled.wav'), [noise(5000, 16)], { tags: { INAM: 'a title' } });
    convert(at('titled.wav'), at('out'), 'wav');
    const file = readFileSync(at('out'));
    const { bytes, warnings } = convertStream(feedOf(readFileSync(at('titled.wav')), [3000]), 'wav');
    expect(warnings).toEqual(['As a stream wav lacks its sizes, which are left open.']);
    const data = file.indexOf('data');
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(data + 4)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    for (const position of [4, data + 4]) file.copy(bytes, position, position, position + 4);
    // Behind the sound a file has all tags as ID3, too.
    const end = data + 8 + 5000 * 2;
    expect(bytes.equals(file.subarray(0, end))).toBe(true);
    expect(file.toString('latin1', end, end + 4)).toBe('id3 ');
  });

  test('lacks of FLAC its length, MD5 and sizes of frames, which are 23 bytes', () => {
    convert(at('wav'), at('out'), 'flac');
    const file = readFileSync(at('out'));
    const { bytes, warnings } = convertStream(feedOf(files.wav, [3000]), 'flac');
    expect(warnings).toEqual(['As a stream flac lacks its length and the MD5 of its samples.']);
    expect(bytes.length).toBe(file.length);
    const different = [...bytes.keys()].filter((position) => bytes[position] !== file[position]);
    // Behind the signature and the head of the block: smallest and largest frame, then length and MD5.
    expect(different.every((position) => position >= 12 && position < 42)).toBe(true);
    expect(bytes.subarray(26, 42)).toEqual(Buffer.alloc(16));
    writeFileSync(at('streamed'), bytes);
    expect(readAll(at('streamed')).planes).toEqual(readAll(at('wav')).planes);
  });

  test('lacks of MP3 the frame that says how long it is, and so keeps the silence at its ends', () => {
    convert(at('wav'), at('out'), 'mp3');
    const file = readFileSync(at('out'));
    const { bytes, warnings } = convertStream(feedOf(files.wav, [3000]), 'mp3');
    expect(warnings).toEqual([expect.stringMatching(/^As a stream mp3 lacks its length/)]);
    const frames = file.indexOf(0xff);
    const info = file.indexOf('Info');
    const second = file.indexOf(file.subarray(frames, frames + 2), info);
    expect(bytes.subarray(bytes.indexOf(0xff)).equals(file.subarray(second))).toBe(true);
    writeFileSync(at('streamed'), bytes);
    const whole = readAll(at('streamed'));
    expect(whole.frames % 1152).toBe(0);
    expect(whole.planes[0].subarray(1105, 1105 + 60_000)).toEqual(readAll(at('out')).planes[0]);
  });

  test('has no longer tags in WAV than it can go back over', () => {
    writeWav(at('long.wav'), [noise(5000, 16)], { tags: { ICMT: 'x'.repeat(70_000) } });
    const feed = () => feedOf(readFileSync(at('long.wav')), [3000]);
    expect(() => convertStream(feed(), 'wav')).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'tags of a stream of'),
    );
    writeWav(at('long.wav'), [noise(5000, 16)], { tags: { ICMT: 'x'.repeat(14_000) } });
    writeFileSync(at('streamed'), convertStream(feed(), 'wav').bytes);
    expect(Object.values(byKey(readAll(at('streamed')).info.tags))).toContain('x'.repeat(14_000));
  });

  test('has no place for chunks, and says so', () => {
    const wav = withChunks(files.wav, [riffChunk('bext', Buffer.alloc(602))]);
    expect(convertStream(feedOf(wav, [3000]), 'wav').warnings).toContain(
      'Its bext chunk was left out: a stream has no place for such.',
    );
  });

  test('is none of M4A', () => {
    let written = 0;
    const count = (bytes: Uint8Array) => {
      written += bytes.length;
    };
    expect(() => convertStream(feedOf(files.wav, [3000]), 'm4a', { count })).toThrow(
      refusal('ERR_INVALID_ARGUMENT', 'one of wav, flac, mp3, opus, ogg, got m4a'),
    );
    expect(written).toBe(0);
  });

  test.each(['mp3', 'opus', 'ogg'] as const)('is a header at most where there is no sound for %s', (to) => {
    let written = 0;
    const count = (bytes: Uint8Array) => {
      written += bytes.length;
    };
    writeWav(at('empty.wav'), [[]]);
    expect(() => convertStream(feedOf(readFileSync(at('empty.wav')), [100]), to, { count })).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'An empty audio file'),
    );
    expect(written).toBeLessThan(5000);
  });
});
