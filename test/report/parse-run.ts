import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { RunReader } from '../../src/report/run-reader.ts';

/** A recording that is in memory. */
export function parseRun(origin: string, text: string): RecordedRun {
  const reader = new RunReader(origin);
  reader.push(Buffer.from(text));
  return reader.end();
}
