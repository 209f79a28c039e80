/**
 * Which way tags get into an output of each target. Keeps for each thread what is always the same: the
 * version, and the writers of files that carry nothing.
 */
import { packageVersion } from '../../../version.ts';
import { remembered } from '../../kept.ts';
import type { TargetName, TargetPlan } from '../../plan/targets.ts';
import { type AudioTags, isEmpty, NO_TAGS, type TagChapter } from '../model.ts';
import { flacTags } from './flac.ts';
import { m4aTags } from './m4a.ts';
import { mp3Tags } from './mp3.ts';
import { oggTags } from './ogg.ts';
import type { TagWriter, TagWriting } from './tag-writer.ts';
import { wavTags } from './wav.ts';

const WRITERS: Readonly<Record<TargetName, (tags: AudioTags, writing: TagWriting) => TagWriter>> = {
  flac: flacTags,
  ogg: oggTags,
  opus: oggTags,
  mp3: mp3Tags,
  m4a: m4aTags,
  wav: wavTags,
};

/** Times of chapters have 32 bits, of which the last value means none. */
const MOST_MS = 0xffff_fffe;

/**
 * The writer of an output, whose tags say by what it was made and not by what its source was.
 * @param durationMs of the sound; `null` where it is not known before all of it is written
 */
export function tagWriterFor(
  { to, encoder }: Pick<TargetPlan, 'to' | 'encoder'>,
  tags: AudioTags,
  durationMs: number | null,
): TagWriter {
  return isEmpty(tags) ? untagged(to)(encoder) : made({ to, encoder }, tags, durationMs);
}

/** That of a file that carries nothing is always the same. */
const untagged = remembered((to: TargetName) =>
  remembered((encoder: TargetPlan['encoder']) => made({ to, encoder }, NO_TAGS, null)),
);

function made(
  { to, encoder }: Pick<TargetPlan, 'to' | 'encoder'>,
  tags: AudioTags,
  durationMs: number | null,
): TagWriter {
  const maker = makerName();
  const others = tags.fields.filter(({ key }) => key.toUpperCase() !== 'ENCODER');
  const fields = [...others, { key: 'ENCODER', value: `${maker} (${encoder})` }];
  const chapters = tags.chapters.filter(({ startMs }) => startMs >= 0 && startMs <= MOST_MS).map(bounded);
  const carries = !isEmpty({ ...tags, chapters, fields: others });
  const writer = WRITERS[to]({ ...tags, chapters, fields }, { to, maker, durationMs, carries });
  if (chapters.length === tags.chapters.length) return writer;
  return { ...writer, notes: [...writer.notes, 'Chapters that begin after 49 days were left out.'] };
}

function bounded(chapter: TagChapter): TagChapter {
  return { ...chapter, endMs: chapter.endMs === null ? null : Math.min(chapter.endMs, MOST_MS) };
}

let name: string | null = null;

function makerName(): string {
  name ??= `millpond ${packageVersion()}`;
  return name;
}
