/** Which way tags get into an output of each target. Pure, but that it looks up the version once a thread. */
import { packageVersion } from '../../../version.ts';
import type { TargetName, TargetPlan } from '../../plan/targets.ts';
import type { AudioTags } from '../model.ts';
import { flacTags } from './flac.ts';
import { oggTags } from './ogg.ts';
import { NO_TAG_WRITER, type TagWriter } from './tag-writer.ts';

type Making = (tags: AudioTags, maker: string, to: TargetName) => TagWriter;

const byDictionary: Making = ({ fields }) => ({
  ...NO_TAG_WRITER,
  metadata: Object.fromEntries(fields.map(({ key, value }) => [key, value])),
});

const MAKINGS: Readonly<Record<TargetName, Making>> = {
  flac: flacTags,
  ogg: oggTags,
  opus: oggTags,
  mp3: byDictionary,
  m4a: byDictionary,
  wav: byDictionary,
};

/** The writer of an output, whose tags say by what it was made and not by what its source was. */
export function tagWriterFor({ to, encoder }: TargetPlan, tags: AudioTags): TagWriter {
  const maker = makerName();
  const others = tags.fields.filter(({ key }) => key.toUpperCase() !== 'ENCODER');
  const fields = [...others, { key: 'ENCODER', value: `${maker} (${encoder})` }];
  return MAKINGS[to]({ ...tags, fields }, maker, to);
}

let name: string | null = null;

function makerName(): string {
  name ??= `millpond ${packageVersion()}`;
  return name;
}
