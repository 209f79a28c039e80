/** Short audio files from memory to memory, beside from file to file; and what memory that takes. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes, MiB } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { convertAll, loadPrompts, type Pass, promptRuntime, type Way } from '../prompts.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { noSlower } from '../targets.ts';
import type { Held, MemoryOptions } from './memory-process.ts';

const PROMPTS = 600;
const THREADS = 2;
const DEPTH = 64;
/** The default; and one that hardly holds what is under way, to see what memory is saved. */
const BUDGET = 100 * MiB;
const TIGHT_BUDGET = 16 * MiB;
const LABELS: Readonly<Record<Way, string>> = {
  files: 'file to file',
  'by files': 'bytes, by a file each way',
  memory: 'memory to memory',
};
const ORDER: readonly Way[] = ['files', 'by files', 'memory'];

const benchmark: Benchmark = {
  name: 'memory',
  question: 'What does it cost to transcode from memory to memory, beside from file to file?',
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  const [{ files, to }] = chooseBatches(context.audio, PROMPTS);
  const paths = Array.from({ length: PROMPTS }, (_, at) => files[at % files.length].file);
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    return [await time(context, paths, to, folder), await memory(context, paths, to, folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function time(
  { rounds, say }: Context,
  paths: string[],
  to: Pass['to'],
  folder: string,
): Promise<Table> {
  const prompts = loadPrompts(paths);
  await using runtime = await promptRuntime(THREADS, BUDGET);
  const pass = (way: Way): Pass => ({ way, to, folder, depth: DEPTH });
  // Compiles and fills, too.
  const digests = new Set<string>();
  for (const way of ORDER) digests.add(await convertAll(runtime, prompts, pass(way), { digest: true }));
  assert.equal(digests.size, 1, 'memory gave other bytes than files');
  const cpu: number[][] = ORDER.map(() => []);
  const sums = new Set<string>();
  const walls = await interleave(ORDER, rounds, async (way) => {
    const [before, startMs] = [process.cpuUsage(), performance.now()];
    sums.add(await convertAll(runtime, prompts, pass(way)));
    const ms = performance.now() - startMs;
    const { user, system } = process.cpuUsage(before);
    cpu[ORDER.indexOf(way)].push((user + system) / 1000);
    say(`  ${LABELS[way]}: ${ms.toFixed(0)} ms`);
    return ms;
  });
  assert.equal(sums.size, 1, 'a round gave other sizes');
  await runtime.close();
  const { budget, tasks } = runtime.snapshot();
  assert.deepEqual([tasks.failed, tasks.cancelled, tasks.lost, budget.usedBytes], [0, 0, 0, 0]);
  assert.ok(budget.peakBytes <= budget.limitBytes);
  const cpus = cpu.map(spread);
  const cells = (each: Spread, base: Spread): (string | number)[] => [
    significant(each.median),
    range(each),
    `${significant(each.median / base.median)} x`,
  ];
  return {
    title: `${PROMPTS} short audio files to ${to}, ${DEPTH} under way, ${THREADS} threads, ${formatBytes(BUDGET)} (ms)`,
    columns: ['', 'time', '', '', 'CPU', '', ''],
    rows: ORDER.map((way, at) => [LABELS[way], ...cells(walls[at], walls[0]), ...cells(cpus[at], cpus[0])]),
    notes: [
      `Medians and ranges of ${rounds} interleaved rounds in one process, and each beside file to file.`,
      'The second writes the bytes into a file, and reads the output from one, as who has no leases must.',
    ],
    targets: [
      noSlower('memory to memory beside file to file', walls[2], walls[0]),
      noSlower('its CPU time', cpus[2], cpus[0]),
    ],
  };
}

async function memory({ say }: Context, paths: string[], to: Pass['to'], folder: string): Promise<Table> {
  const common = { paths, to, folder, threads: THREADS, depth: DEPTH };
  const look = async (label: string, way: Way | null, budgetBytes = BUDGET): Promise<Held> => {
    const options: MemoryOptions = { ...common, way, budgetBytes };
    const held = await inOwnProcess<Held>('./questions/memory-process.ts', options);
    say(`  memory, ${label}: ${mib(held.peakRss)} MiB`);
    assert.ok(held.poolBytes <= budgetBytes);
    return held;
  };
  const bare = await look('threads alone', null);
  const row = (label: string, { readyRss, peakRss, poolBytes }: Held): (string | number)[] => {
    const library = readyRss - bare.readyRss;
    return [label, ...[peakRss, bare.readyRss, library, poolBytes, peakRss - readyRss - poolBytes].map(mib)];
  };
  const rows: (string | number)[][] = [];
  for (const way of ORDER) rows.push(row(LABELS[way], await look(LABELS[way], way)));
  const tight = `${LABELS.memory}, under ${formatBytes(TIGHT_BUDGET)}`;
  rows.push(row(tight, await look(tight, 'memory', TIGHT_BUDGET)));
  return {
    title: `Resident memory of the process with ${DEPTH} under way (MiB)`,
    columns: ['', 'most', 'Node and threads', "FFmpeg's code", 'the pool', 'all else'],
    rows,
    notes: [
      'One process each. Node and threads: with a job that is empty. FFmpeg: more than that once its job is loaded.',
      'The pool: charged to the budget at most, idle or leased. All else: codecs and I/O buffers of FFmpeg, what malloc',
      'keeps, compiled code, and garbage of V8, as the bytes of the audio files are, which are read as they come.',
    ],
  };
}

function range({ least, most }: Spread): string {
  return `${significant(least)} to ${significant(most)}`;
}

function mib(bytes: number): number {
  return significant(bytes / MiB);
}
