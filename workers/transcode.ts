import { type BeginBy, isTooLate, type TooLate } from '../src/audio/begin-by.ts';
import type { MadeOnce, MakeOnce } from '../src/audio/made-once.ts';
import type { TranscodeRequest, TranscodeResult } from '../src/audio/plan/request.ts';
import { type TimedByPart, timedByPart } from '../src/audio/timed.ts';
import { transcode } from '../src/audio/transcode.ts';
import { placeOnce } from '../src/files/link-whole.ts';
import { defineJob } from '../src/worker.ts';

type Made = MadeOnce<TimedByPart<TranscodeResult>>;

/** One file into another. */
export default defineJob(
  (
    { once, ...request }: TranscodeRequest & BeginBy & MakeOnce,
    { pool, signal, progress, block },
  ): Made | Promise<Made> | TooLate => {
    if (isTooLate(request)) return { isTooLate: true };
    const made = timedByPart((encoded) => transcode(request, { pool, signal, progress, block, encoded }));
    if (once === undefined) return made;
    return placeOnce(request.output as string, once).then((isFirst) => ({ ...made, isFirst }));
  },
);
