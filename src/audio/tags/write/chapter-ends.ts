/** Where chapters end, for targets in which each lasts until the next one begins. Pure. */
import type { AudioTags } from '../model.ts';
import type { TagWriting } from './tag-writer.ts';

/** Nobody hears it, and programs that count in frames or ticks miss each other by as much. */
const SAME_MS = 100;

/** A note, where some end elsewhere: before a gap, or within the next one. */
export function endsLost(
  { chapters }: Pick<AudioTags, 'chapters'>,
  { to, durationMs }: Pick<TagWriting, 'to' | 'durationMs'>,
): string[] {
  const lost = chapters.some(({ endMs }, at) => {
    const end = chapters[at + 1]?.startMs ?? durationMs;
    return endMs !== null && end !== null && Math.abs(end - endMs) > SAME_MS;
  });
  return lost ? [`Ends of chapters were left out: in ${to} each lasts until the next one begins.`] : [];
}
