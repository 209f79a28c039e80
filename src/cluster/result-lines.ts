/** What is written of a page's files. Pure. */
import { join } from 'node:path';
import { endedOf } from '../batch/endings.ts';
import { type FileLine, fileLine } from '../batch/results.ts';
import { MillpondError } from '../errors.ts';
import { shown } from '../text/escaping.ts';
import type { ManifestFile } from './planner.ts';
import type { PageSummary } from './store.ts';

type Lines = readonly Readonly<Record<string, unknown>>[];

export function summaryOf(
  lines: Lines,
  about: Omit<PageSummary, 'schema' | 'ok' | 'failed' | 'skipped' | 'audioSeconds' | 'twice'>,
): PageSummary {
  const count = (state: string): number => lines.filter((line) => line.state === state).length;
  return {
    schema: 'millpond.page/1',
    ...about,
    ok: count('done'),
    failed: count('failed'),
    skipped: count('skipped'),
    audioSeconds: lines.reduce((sum, { seconds }) => sum + (typeof seconds === 'number' ? seconds : 0), 0),
    twice: lines.filter((line) => line.twice === true).length,
  };
}

/** Of a file that hosts died of, which is not tried any more. */
export function lostFile({ input, output, bytes }: ManifestFile, folder: string, deaths: number): FileLine {
  const { code, message } = new MillpondError(
    'ERR_HOST_LOST',
    `A host outlives the files that it makes; ${deaths} have died of a page with '${shown(input)}' alone. It is left out, and all others go on; look at its size, and at what those hosts said last.`,
  );
  const ended = endedOf({ input, output: join(folder, output), bytes });
  return fileLine({ ...ended, state: 'failed', code, message, callMs: null });
}
