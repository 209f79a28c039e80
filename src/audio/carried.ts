/** What goes with the sound into an output: the tags of its source, as they are right there. */
import { coversOf } from './covers/covers.ts';
import type { AudioInfo } from './plan/audio-info.ts';
import { fitLoudness } from './plan/loudness-tags.ts';
import type { CoverSettings } from './plan/request.ts';
import type { SampleChange } from './plan/sample-change.ts';
import type { TargetPlan } from './plan/targets.ts';
import { movedTimeReference } from './plan/wav-chunks.ts';
import type { TagWriter } from './tags/write/tag-writer.ts';
import { tagWriterFor } from './tags/write/writers.ts';

interface Carrying {
  readonly request: CoverSettings;
  readonly change: SampleChange;
  /** The path of the audio file, where it has one that its user knows. */
  readonly path: string | null;
  /** Gets what has to be closed once the tags are written. */
  readonly open: DisposableStack;
}

interface Carried {
  readonly tagWriter: TagWriter;
  /** What was changed, or has no place. */
  readonly notes: readonly string[];
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where a cover that was asked for is no picture */
export function carriedTags(
  { tags, announcedFrames, sampleRate }: AudioInfo,
  plan: TargetPlan,
  { request, change, path, open }: Carrying,
): Carried {
  const loudness = fitLoudness(tags.fields, plan.to, change);
  const fields = movedTimeReference(loudness.fields, change);
  const covers = coversOf(tags.pictures, request, path, open);
  const durationMs = announcedFrames === null ? null : (announcedFrames * 1000) / sampleRate;
  const tagWriter = tagWriterFor(plan, { ...tags, fields, pictures: covers.pictures }, durationMs);
  return { tagWriter, notes: [...loudness.warnings, ...covers.notes, ...tagWriter.notes] };
}
