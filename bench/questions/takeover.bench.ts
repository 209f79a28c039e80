/** How soon the spare process does the work of one that was killed, and what it holds until then. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { formatBytes, KiB } from '../../src/index.ts';
import { createIsolatedRunner } from '../../src/isolation/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { percentiles, significant } from '../rounds.ts';
import { atMost } from '../targets.ts';

const TAKEOVER_MS = 100;
/** The next one is killed so long after the last. */
const NEXT_SPARE_MS = 1000;
/** The first spare process comes five seconds after the others. */
const FIRST_SPARE_MS = 8000;
const KILLS_A_ROUND = 5;

const benchmark: Benchmark = {
  name: 'takeover',
  question: 'How soon is there another process where one was killed?',
  run,
};
export default benchmark;

async function run({ audio, rounds, say }: Context): Promise<Table[]> {
  const [{ files }] = chooseBatches(audio, 1);
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  const request = { input: files[0].file, output: join(folder, 'out.flac'), to: 'flac' } as const;
  await using runner = await createIsolatedRunner({
    job: new URL('../../workers/transcode.ts', import.meta.url),
    threads: 2,
    log: { write() {}, close() {} },
  });
  const timed = async () => {
    const begunMs = performance.now();
    await runner.run(request);
    return performance.now() - begunMs;
  };
  for (let warm = 0; warm < 20; warm++) await timed();
  const usualMs = await timed();
  await wait(FIRST_SPARE_MS);
  const [tookMs, spareBytes]: number[][] = [[], []];
  for (let kill = 0; kill < rounds * KILLS_A_ROUND; kill++) {
    const [working, spare] = runner.pids;
    if (spare === undefined) throw new Error(`There is no spare process ${NEXT_SPARE_MS} ms after a death.`);
    spareBytes.push(privateBytes(spare));
    process.kill(working, 'SIGKILL');
    tookMs.push(await timed());
    say(`  killed ${working}: its successor's first task was done after ${tookMs[kill].toFixed(0)} ms`);
    await wait(NEXT_SPARE_MS);
  }
  rmSync(folder, { recursive: true, force: true });
  const { p50, max } = percentiles(tookMs);
  return [
    {
      title: `A process is killed each second, ${tookMs.length} times (ms)`,
      columns: ['from the kill to', 'median', 'most'],
      rows: [['the first short file that its successor has done', significant(p50), significant(max)]],
      notes: [
        `The same file in a process that has done some: ${significant(usualMs)} ms.`,
        `A spare process holds ${formatBytes(percentiles(spareBytes).max)} that no other process shares.`,
      ],
      targets: [atMost('the spare process has done a file', significant(p50), TAKEOVER_MS, 'ms')],
    },
  ];
}

function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const sizes = Array.from(rollup.matchAll(/^Private_\w+:\s+(\d+) kB$/gm), ([, size]) => Number(size));
  return sizes.reduce((sum, size) => sum + size, 0) * KiB;
}
