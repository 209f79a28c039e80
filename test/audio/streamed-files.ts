/** Files of each kind that is read as a stream, in the folder of a test file and as bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll } from 'vitest';
import { convert, scratch } from './audio-files.ts';
import { riffChunk } from './chunks.ts';
import { withSerial } from './ogg.ts';
import { entries, id3, title, userFrames, withBlocks } from './tags.ts';
import { noise, to16, tone, writeWav } from './wav.ts';

export const ENCODED = ['flac', 'mp3', 'ogg', 'opus'] as const;

/** 60,000 frames of sound each, but for those of other lengths. */
export function streamedFiles() {
  const at = scratch();
  const files = {} as Record<string, Buffer>;
  beforeAll(() => {
    const planes = [to16(tone(60_000, 48_000, 440, 0.5)), noise(60_000, 16)];
    writeWav(at('wav'), planes, { rate: 48_000 });
    writeWav(at('mono'), [to16(tone(30_000, 22_050, 440))], { rate: 22_050 });
    files.wav = readFileSync(at('wav'));
    for (const to of ENCODED) {
      convert(at('wav'), at(to), to);
      files[to] = readFileSync(at(to));
    }
    convert(at('mono'), at('mono.mp3'), 'mp3');
    files['mono.mp3'] = readFileSync(at('mono.mp3'));
    files.aac = readFileSync(new URL('fixtures/tone.aac', import.meta.url));
    files['piped.wav'] = Buffer.from(files.wav);
    for (const position of [4, 40]) files['piped.wav'].writeUInt32LE(0xffff_ffff, position);
    files['padded.wav'] = Buffer.concat([files['piped.wav'], Buffer.alloc(1)]);
    files.chain = Buffer.concat([files.ogg, withSerial(files.ogg, 7), files.opus]);
    const picture = Buffer.alloc(700_000, 0xff);
    files['tagged.mp3'] = Buffer.concat([id3([title('a title'), ...userFrames(entries(20))]), files.mp3]);
    files['mid.mp3'] = files.mp3.subarray(3001);
    files['id3.wav'] = Buffer.concat([id3([title('a title')]), files.wav]);
    files['id3.ogg'] = Buffer.concat([id3([title('a title')]), files.ogg, files.opus]);
    const lengths = Buffer.alloc(28);
    lengths.writeUInt32LE(files.wav.length - 44, 8);
    const rest = [files.wav.subarray(8, 12), riffChunk('ds64', lengths), files.wav.subarray(12)];
    files.rf64 = Buffer.concat([Buffer.from('RF64\xff\xff\xff\xff', 'latin1'), ...rest]);
    files.rf64.writeUInt32LE(0xffff_ffff, files.rf64.indexOf('data') + 4);
    files['large.flac'] = withBlocks(files.flac, [[6, picture]]);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(at(name), bytes);
  });
  return { at, files };
}
