/** Starts the recording of a runtime: its file and its first line. Main thread. */
import { wallMs } from '../../timers.ts';
import type { Log } from '../log.ts';
import { headerLine } from './header.ts';
import type { HeaderLine } from './lines.ts';
import { type RecordOptions, resolveRecord } from './record-options.ts';
import { type RecordingSources, RunRecording } from './recording.ts';
import { RecordingFile } from './writer.ts';

interface RecordingParts {
  readonly record: string | RecordOptions;
  readonly jobs: readonly string[];
  readonly options: HeaderLine['options'];
  readonly log: Log;
  /** When the runtime started, on the clock of `sources`. */
  readonly startedMs: number;
  readonly sources: RecordingSources;
}

/**
 * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_OUTPUT_WRITE`
 */
export function startRecording({
  record,
  jobs,
  options,
  log,
  startedMs,
  sources,
}: RecordingParts): RunRecording {
  const { path, label = jobs.join(', ') } = resolveRecord(record);
  const file = new RecordingFile(path, (reason) => log.write({ event: 'recording-ended', path, reason }));
  const startedAt = new Date(wallMs() - (sources.now() - startedMs));
  const header = headerLine(label, jobs, startedAt, options, () => sources.now() * 1e6);
  return new RunRecording(file, header, sources, startedMs);
}
