/** What goes with the sound into an output: the tags of its source, as they are right there. */
import { coversOf } from './covers/covers.ts';
import type { AudioInfo } from './plan/audio-info.ts';
import { cueChapters } from './plan/cue-sheet.ts';
import { fitLoudness } from './plan/loudness-tags.ts';
import { fitNatives } from './plan/native-tags.ts';
import type { CoverSettings } from './plan/request.ts';
import type { SampleChange } from './plan/sample-change.ts';
import type { TargetPlan } from './plan/targets.ts';
import { movedTimeReference, type WavChunk, withoutChunks } from './plan/wav-chunks.ts';
import type { TagWriter } from './tags/write/tag-writer.ts';
import { tagWriterFor } from './tags/write/writers.ts';

interface Carrying {
  readonly request: CoverSettings;
  readonly change: SampleChange;
  /** Of the source, where they carry over by themselves. */
  readonly chunks: readonly WavChunk[];
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
  { request, change, chunks, path, open }: Carrying,
): Carried {
  const loudness = fitLoudness(tags.fields, plan.to, change);
  const own = fitNatives(tags.natives, plan.to, change);
  const told = plan.to === 'wav' ? withoutChunks(loudness.fields, chunks, change) : loudness.fields;
  const fields = movedTimeReference(told, change);
  const covers = coversOf(tags.pictures, request, path, open);
  const durationMs = announcedFrames === null ? null : (announcedFrames * 1000) / sampleRate;
  // FLAC keeps the sheet itself.
  const fromSheet = tags.chapters.length === 0 && plan.to !== 'flac';
  const chapters = fromSheet ? cueChapters(tags, sampleRate) : tags.chapters;
  const fitted = { fields, chapters, natives: own.natives, pictures: covers.pictures };
  const tagWriter = tagWriterFor(plan, fitted, durationMs);
  return { tagWriter, notes: [...loudness.warnings, ...own.warnings, ...covers.notes, ...tagWriter.notes] };
}
