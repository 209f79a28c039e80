/** A recording into a real file, of made-up readings and under a clock that the test moves. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CpuSnapshot } from '../../../src/machine/cpu-load.ts';
import { CAUSES } from '../../../src/pool/causes.ts';
import { resolvePoolOptions } from '../../../src/pool/options.ts';
import { readRun } from '../../../src/report/read-run.ts';
import type { RecordedRun } from '../../../src/report/recorded-run.ts';
import { NO_REFUSALS } from '../../../src/telemetry/queue-snapshot.ts';
import { headerLine } from '../../../src/telemetry/recording/header.ts';
import {
  type Reading,
  type RecordingSources,
  RunRecording,
} from '../../../src/telemetry/recording/recording.ts';
import { RecordingFile } from '../../../src/telemetry/recording/writer.ts';
import { TIERS } from '../../../src/telemetry/series.ts';

export interface Stand {
  readonly recording: RunRecording;
  readonly path: string;
  /** Milliseconds; the run starts at 1000. */
  nowMs: number;
  /** What the next reading shows. */
  reading: Reading;
  /** Milliseconds that each reading takes. */
  costMs: number;
  cpu: CpuSnapshot;
  readonly failures: string[];
  /** When threads were asked for what they recorded. */
  readonly asked: number[];
  /** Moves the clock on, in steps of the runtime's timer. */
  later(milliseconds: number): void;
  read(): Promise<RecordedRun>;
  lines(): string[];
  remove(): void;
}

export const START_MS = 1000;
const NO_LOAD = { raw: null, smoothed: null };

export function makeStand(path?: string, jobs: readonly string[] = ['a']): Stand {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-recording-'));
  const file = path ?? join(folder, 'run.millpond');
  const failures: string[] = [];
  const stand = {
    path: file,
    nowMs: START_MS,
    reading: readingWith({}),
    costMs: 0,
    cpu: { cores: 2, process: NO_LOAD, wanted: NO_LOAD, system: NO_LOAD, byShard: [] } as CpuSnapshot,
    failures,
    asked: [] as number[],
    read: () => readRun(file),
    lines: () => readFileSync(file, 'utf8').split('\n'),
    remove: () => rmSync(folder, { recursive: true }),
  };
  const sources: RecordingSources = {
    now: () => stand.nowMs,
    askThreads: () => void stand.asked.push(stand.nowMs),
    publish: () => {},
    read: () => {
      stand.nowMs += stand.costMs;
      return stand.reading;
    },
    cpu: () => stand.cpu,
    processedBytes: (shard) => stand.reading.processedBytes.get(shard) ?? 0,
  };
  const { spoolFolder: _, ...pool } = resolvePoolOptions({}, 2);
  const options = { ...pool, threads: 2 };
  const header = headerLine('stand', jobs, new Date(0), options, () => performance.now() * 1e6);
  const recording = new RunRecording(
    new RecordingFile(file, (reason) => failures.push(reason)),
    header,
    sources,
    START_MS,
  );
  const later = (milliseconds: number): void => {
    const end = stand.nowMs + milliseconds;
    while (stand.nowMs < end) {
      stand.nowMs = Math.min(end, stand.nowMs + 50);
      recording.tick(stand.nowMs);
    }
  };
  return Object.assign(stand, { recording, later });
}

export function readingWith({
  served = [],
  processed = {},
  usedBytes = 0,
  succeeded = 0,
  queueFull = 0,
}: {
  served?: readonly (readonly [key: number, count: number])[];
  processed?: Readonly<Record<number, number>>;
  usedBytes?: number;
  succeeded?: number;
  queueFull?: number;
}): Reading {
  const processedBytes = new Map(Object.entries(processed).map(([shard, bytes]) => [Number(shard), bytes]));
  const counts = new Array<number>(CAUSES.length * TIERS).fill(0);
  for (const [key, count] of served) counts[key] = count;
  return {
    moment: {
      budget: { usedBytes, peakBytes: usedBytes },
      tiers: { small: [0, 0], medium: [0, 0], large: [usedBytes, 0], direct: [0, 0] },
      pressure: 'nominal',
      rssBytes: 1e8,
      blockBytes: 65_536,
      shards: [...processedBytes.keys()].map((shard) => ({ shard, chargedBytes: 0, idleBytes: 0 })),
    },
    served: counts,
    tasks: { queued: 0, running: 0, succeeded, failed: 0, cancelled: 0, lost: 0 },
    jobs: [],
    refused: { ...NO_REFUSALS, queueFull },
    processedBytes,
  };
}
