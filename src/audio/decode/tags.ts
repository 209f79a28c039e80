/** What FFmpeg tells of tags: for formats that nobody else reads here. One value for each name. */
import type { FormatContext } from 'node-av/lib';
import type { AudioTags } from '../tags/model.ts';
import { Gathering } from '../tags/read/gathering.ts';
import { addNamed } from '../tags/read/named.ts';

/**
 * The container's. A stream has but a language and a name, which the output, with this stream only, has no
 * use for.
 * @param lesser what is known besides, and counts where FFmpeg says nothing
 */
export function toldTags(format: FormatContext, lesser: AudioTags): AudioTags {
  const into = new Gathering();
  for (const [key, value] of Object.entries(format.metadata?.getAll() ?? {})) {
    if (value !== '') addNamed(into, { family: 'ffmpeg', name: key, otherwise: key }, value);
  }
  into.beginLesser();
  into.addAll(lesser);
  return into.end();
}
