import type { AnalyzeRequest, AnalyzeResult } from '../src/audio/analysis/request.ts';
import { analyze } from '../src/audio/analyze.ts';
import { type Timed, timed } from '../src/audio/timed.ts';
import { defineJob } from '../src/worker.ts';

/** The measurements of one file. */
export default defineJob(
  (request: AnalyzeRequest, context): Timed<AnalyzeResult> => timed(() => analyze(request, context)),
);
