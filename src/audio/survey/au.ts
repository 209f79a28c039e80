/** AU: a head with texts in it, and the sound. */
import { type ChunkSurvey, NOTHING } from './chunks.ts';
import { leftOutBehind } from './left-out.ts';
import type { TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 24;
/** As a length: up to the end of the file. */
const OPEN = 0xffff_ffff;

export function surveyAu(window: Window, work: TagWork): ChunkSurvey {
  const { size } = window.source;
  const head = window.view(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES) return NOTHING;
  const [start, claimed] = [head.readUInt32BE(4), head.readUInt32BE(8)];
  work.addText(Math.max(0, start - HEAD_BYTES));
  const bytes = claimed === OPEN || claimed === 0 ? null : claimed;
  const sound = { start, bytes, form: null, alone: false };
  // FFmpeg takes all that follows for sound.
  const end = bytes === null ? size : start + bytes;
  const stop = end < size ? { start: end, note: leftOutBehind('it is no sound') } : null;
  return { ...NOTHING, sound, stop, fault: work.fault };
}
