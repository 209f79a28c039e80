/** Many short clips with bytes of their own, made of a few real ones. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBatches } from './audio-files.ts';

const REAL = 20;
export const FOLDERS = 20;
const HEADER = 44;
/** Mono, 16 bits, 16 kHz: half a second, as a prompt of a telephone is. */
const SOUND_BYTES = 16_000;

/** @param command what runs millpond, with its program; @param soundBytes of each clip */
export function makeClips(
  command: readonly string[],
  folder: string,
  count: number,
  soundBytes = SOUND_BYTES,
): void {
  const [program, ...args] = command;
  const [{ files }] = chooseBatches(undefined, REAL);
  const real = join(folder, 'real');
  execFileSync(
    program,
    [
      ...[...args, 'transcode', ...files.map(({ file }) => file), '--out', real, '--quiet'],
      ...[
        '--to',
        'wav',
        '--rate',
        '16000',
        '--channels',
        '1',
        '--bits',
        '16',
        '--journal',
        join(folder, 'journal'),
      ],
    ],
    { stdio: ['ignore', 'ignore', 2] },
  );
  const clips = readdirSync(real)
    .filter((name) => name.endsWith('.wav'))
    .map((name) => ofLength(readFileSync(join(real, name)), soundBytes));
  for (let at = 0; at < count; at++) {
    const place = join(folder, 'in', `${at % FOLDERS}`);
    if (at < FOLDERS) mkdirSync(place, { recursive: true });
    const clip = clips[at % clips.length];
    // Two samples that nobody hears make it another one.
    clip.writeUInt32LE(at, HEADER + 1000);
    writeFileSync(join(place, `${at}.wav`), clip);
  }
}

/** As long as that: its beginning, or all of it again and again. With a header that says so. */
function ofLength(wav: Buffer, soundBytes: number): Buffer {
  const sound = Buffer.alloc(soundBytes, wav.subarray(wav.indexOf('data') + 8));
  const header = Buffer.alloc(HEADER);
  header.write('RIFF', 0);
  header.writeUInt32LE(HEADER - 8 + sound.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(32_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(sound.length, 40);
  return Buffer.concat([header, sound]);
}
