/** Which way tags get into an output of each target. Pure, but that it looks up the version once a thread. */
import { packageVersion } from '../../../version.ts';
import type { TargetName, TargetPlan } from '../../plan/targets.ts';
import { type AudioTags, isEmpty } from '../model.ts';
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

/**
 * The writer of an output, whose tags say by what it was made and not by what its source was.
 * @param durationMs of the sound; `null` where it is not known before all of it is written
 */
export function tagWriterFor(
  { to, encoder }: Pick<TargetPlan, 'to' | 'encoder'>,
  tags: AudioTags,
  durationMs: number | null,
): TagWriter {
  const maker = makerName();
  const others = tags.fields.filter(({ key }) => key.toUpperCase() !== 'ENCODER');
  const fields = [...others, { key: 'ENCODER', value: `${maker} (${encoder})` }];
  const carries = !isEmpty({ ...tags, fields: others });
  return WRITERS[to]({ ...tags, fields }, { to, maker, durationMs, carries });
}

let name: string | null = null;

function makerName(): string {
  name ??= `millpond ${packageVersion()}`;
  return name;
}
