/** The formats that are made of chunks, or say where their sound lies. */
import { surveyAiff } from './aiff.ts';
import { cutOffAsf } from './asf.ts';
import { surveyAu } from './au.ts';
import { surveyCaf } from './caf.ts';
import { type ChunkSurvey, NOTHING } from './chunks.ts';
import { cutOffFlac } from './flac.ts';
import type { FormatName } from './formats.ts';
import { TagWork } from './tag-work.ts';
import { surveyW64 } from './w64.ts';
import { surveyWav } from './wav.ts';
import type { Window } from './window.ts';

type Survey = (window: Window, work: TagWork, start: number) => ChunkSurvey;

const SURVEYS: Readonly<Partial<Record<FormatName, Survey>>> = {
  wav: surveyWav,
  w64: surveyW64,
  aiff: surveyAiff,
  caf: surveyCaf,
  au: surveyAu,
  flac: (window, work, start) => ({ ...NOTHING, cutOff: cutOffFlac(window, start, work) }),
  asf: (window, work) => ({ ...NOTHING, cutOff: cutOffAsf(window, work) }),
};

/**
 * What the chunks of a source hold: nothing, for a format without any.
 * @param start of the format, behind ID3 tags
 */
export function chunksWithin(window: Window, format: FormatName, start: number): ChunkSurvey {
  return SURVEYS[format]?.(window, new TagWork(), start) ?? NOTHING;
}
