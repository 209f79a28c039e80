/** Histogram logs of a run, as Java's own reader takes them: a virtual machine is started for each table. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { intervalLog } from '../../src/report/interval-log.ts';
import { percentileFiles } from '../../src/report/percentile-files.ts';
import { madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-java-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = parseRun('run.millpond', textOf(madeLines({ seconds: 50 })));
const named = (name: string): string =>
  percentileFiles([run], { byWorker: true }).find((file) => file.name === name)?.content ?? '';
const log = intervalLog(run, { byWorker: true });

const jar = ['/usr/share/java/hdrhistogram.jar', '/usr/share/java/HdrHistogram.jar'].find((path) =>
  existsSync(path),
);
const missing = whatIsMissing(jar);
if (missing !== null && process.env.MILLPOND_JAVA !== 'required') {
  console.warn(`HistogramLogProcessor is left out: ${missing}`);
}

it.skipIf(missing !== null && process.env.MILLPOND_JAVA !== 'required')(
  "is read by Java's HistogramLogProcessor, which prints the same tables",
  async () => {
    expect(missing).toBeNull();
    const input = join(folder, 'run.hlog');
    writeFileSync(input, log);
    for (const [tag, name] of [
      [null, 'run-latency.hgrm'],
      ['latency/fresh/large', 'run-latency-fresh-large.hgrm'],
      ['lifetime', 'run-lifetime.hgrm'],
      ['gc/minor', 'run-gc-minor.hgrm'],
      ['service/worker-1', 'run-service-worker-1.hgrm'],
      ['size', 'run-size.hgrm'],
    ]) {
      const output = join(folder, 'out');
      await promisify(execFile)('java', [
        // Each run is short: no time for a better compiler and threads that collect.
        ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
        ...['-cp', jar as string, 'org.HdrHistogram.HistogramLogProcessor'],
        ...['-i', input, '-o', output, '-outputValueUnitRatio', '1'],
        ...(tag === null ? [] : ['-tag', tag]),
      ]);
      const [from, start, ...table] = readFileSync(`${output}.hgrm`, 'utf8').split('\n');
      expect(from).toMatch(/^#\[Overall percentile distribution between 0\.000 and/);
      expect(start).toMatch(/^#\[StartTime: 1795593600\.000 \(seconds since epoch\)/);
      expect(table.join('\n')).toBe(named(name as string));
    }
  },
);

/** Why Java cannot be tried, or null. */
function whatIsMissing(jar: string | undefined): string | null {
  if (jar === undefined)
    return 'the package libhdrhistogram-java is not installed (MILLPOND_JAVA=required fails then)';
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'there is no java (MILLPOND_JAVA=required fails then)';
  }
}
