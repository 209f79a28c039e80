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

const TECHNICAL_START = /^(id3v2_priv\.|mp3gain_|waveformatextensible|_statistics_)/;

/** What Matroska's muxers count of a track, where they don't list it themselves. */
const STATISTICS = ['bps', 'duration', 'number_of_frames', 'number_of_bytes'];

/**
 * The container's tags, and those of the stream where a container keeps there what is about the music: Ogg
 * does always, Matroska where a tag is meant for one track. Elsewhere a stream has but a language and a name,
 * which the output, with this stream only, has no use for. The container's win.
 */
export function readTags(format: FormatContext, stream: Stream): Tags {
  const all = { ...streamTags(format, stream), ...format.metadata?.getAll() };
  const statistics = listedStatistics(all);
  const kept = Object.entries(all).filter(([key, value]) => {
    const name = key.toLowerCase();
    return value !== '' && !TECHNICAL.has(name) && !TECHNICAL_START.test(name) && !isOneOf(statistics, name);
  });
  return Object.fromEntries(kept);
}

function streamTags(format: FormatContext, stream: Stream): Record<string, string> {
  const tags = stream.metadata?.getAll() ?? {};
  const container = format.iformat?.name ?? '';
  if (container === 'ogg') return tags;
  if (!container.startsWith('matroska')) return {};
  const kept = Object.entries(tags).filter(([key]) => {
    // A tag's name has capitals: this is the track's own, such as "Commentary" or "Surround".
    const trackName = key === 'title';
    return !trackName && key !== 'language' && !isOneOf(STATISTICS, key.toLowerCase());
  });
  return Object.fromEntries(kept);
}

/** mkvmerge names all that it counted, and so does what copies its tags into other containers. */
function listedStatistics(tags: Readonly<Record<string, string>>): string[] {
  const lists = Object.entries(tags).filter(([key]) => isOneOf(['_statistics_tags'], key.toLowerCase()));
  return lists.flatMap(([, names]) => names.toLowerCase().split(' '));
}

/** A name may have the language that its tag is in behind it: `BPS-eng`. */
function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name) || names.includes(name.replace(/-[a-z]{2,3}$/, ''));
}
