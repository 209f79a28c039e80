/** The first line of a recording. Reads the machine; holds nothing. */
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { readCores } from '../../machine/cores.ts';
import { packageVersion } from '../../version.ts';
import { SIGNIFICANT_DIGITS } from '../hdr.ts';
import { measureClock } from './clock.ts';
import { shortened } from './collector.ts';
import { type HeaderLine, RECORDING_FORMAT, RECORDING_VERSION } from './lines.ts';

/** @param now nanoseconds of the clock that latencies are read from */
export function headerLine(
  label: string,
  jobs: readonly string[],
  startedAt: Date,
  options: HeaderLine['options'],
  now: () => number,
): HeaderLine {
  const { node, v8 } = process.versions;
  return {
    kind: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    startedAt: startedAt.toISOString(),
    label: shortened(label),
    jobs: jobs.map(shortened),
    versions: { millpond: packageVersion(), node: `v${node}`, v8 },
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: readCores(),
      memoryBytes: totalmem(),
      system: `${platform()} ${arch()} ${release()}`,
    },
    options,
    clock: measureClock(now),
    significantDigits: SIGNIFICANT_DIGITS,
  };
}
