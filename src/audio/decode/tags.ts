/** Metadata: what people wrote about the music, without what a program wrote about a file. */
import type { FormatContext, Stream } from 'node-av/lib';
import type { Tags } from '../plan/audio-info.ts';

/** About the file they came in, and wrong in another. */
const TECHNICAL = new Set([
  'encoder',
  'major_brand',
  'minor_version',
  'compatible_brands',
  'handler_name',
  'vendor_id',
  'duration',
  'itunsmpb',
  'replaygain_undo',
]);

const TECHNICAL_START = /^(id3v2_priv\.|mp3gain_|waveformatextensible)/;

/**
 * The container's tags and the stream's: Ogg keeps them on the stream, others on the container, which wins.
 */
export function readTags(format: FormatContext, stream: Stream): Tags {
  const all = { ...stream.metadata?.getAll(), ...format.metadata?.getAll() };
  const kept = Object.entries(all).filter(([key, value]) => {
    const name = key.toLowerCase();
    // MP4 says "undetermined" where no language was set.
    const empty = value === '' || (name === 'language' && value === 'und');
    return !empty && !TECHNICAL.has(name) && !TECHNICAL_START.test(name);
  });
  return Object.fromEntries(kept);
}
