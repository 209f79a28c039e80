/** The description of recordings beside a real one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import type { Lease } from '../../src/index.ts';
import { CAUSES } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import { SERIES_NAMES } from '../../src/telemetry/recording/lines.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import { startRuntime } from '../runtime/started.ts';
import { linesIn } from '../telemetry/recording/lines-in.ts';

const text = readFileSync(new URL('../../docs/recording.md', import.meta.url), 'utf8');
const KINDS = [
  'header',
  'interval',
  'decision',
  'score',
  'pressure',
  'recovery',
  'worker-lost',
  'end',
] as const;
/** What is told as one, here or elsewhere. */
const WHOLE = ['options', 'snapshot', 'served', 'tiers'];
/** Only where there was a reason for it. */
const SELDOM = ['omitted', 'jobs', 'refusedRuns', 'task', 'job', 'decision.blockBytes', 'decision.bytes'];

type Fields = Record<string, unknown>;

let lines: Fields[];
const folder = mkdtempSync(join(tmpdir(), 'millpond-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** A run in which everything happens that is written down. */
beforeAll(async () => {
  const path = join(folder, 'run.millpond');
  const { runtime } = await startRuntime('pooling', {
    record: path,
    safety: 'sampled',
    budgetBytes: 16 * MiB,
    reserveBytes: 0,
  });
  // Idle memory of the main thread goes to a worker that has to allocate.
  for (const lease of Array.from({ length: 60 }, () => runtime.pool.acquire(60_000))) lease.release();
  for (let round = 1; !readFileSync(path, 'utf8').includes('"moves":[['); round++) {
    await linesIn(path, 'interval', round);
    // More of them than the budget holds would wait for each other.
    await runtime.run({ do: 'hoard', bytes: 60_000, count: Math.min(20 * round, 160) });
  }
  await runtime.run({ do: 'exit', bytes: 1 }).catch(() => {});
  const leases: Lease[] = [];
  while (leases.length < 16) leases.push(await runtime.pool.acquireAsync(MiB, { timeoutMs: 120_000 }));
  // Not at the first pressure, which may come on the way: at that of an emergency.
  for (let count = 1; !readFileSync(path, 'utf8').includes('"to":"critical"'); count++) {
    await linesIn(path, 'pressure', count);
  }
  for (const lease of leases) lease.release();
  await linesIn(path, 'recovery', 1);
  await linesIn(path, 'score', 1);
  await runtime.close();
  lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
});

/** The rows of the table under a heading, as field and description. */
function tableOf(heading: string): [field: string, description: string][] {
  const section = text.split(`\n### ${heading}\n`)[1].split('\n#')[0];
  return [...section.matchAll(/^\| `([^`]+)` \| ([^\n]*) \|$/gm)].map(([, field, rest]) => [field, rest]);
}

function pathsOf(line: object, before = ''): string[] {
  return Object.entries(line).flatMap(([name, value]) => {
    const path = before + name;
    if (path === 'kind') return [];
    const isLeaf =
      typeof value !== 'object' || value === null || Array.isArray(value) || WHOLE.includes(path);
    return isLeaf ? [path] : pathsOf(value, `${path}.`);
  });
}

describe.each(KINDS)('the table of %s', (kind) => {
  it('has every field of a real recording, and no other', () => {
    const found = new Set(lines.filter((line) => line.kind === kind).flatMap((line) => pathsOf(line)));
    for (const field of SELDOM) found.delete(field);
    const told = tableOf(kind).map(([field]) => field);
    expect([...found].filter((field) => !told.includes(field))).toEqual([]);
    expect(told.filter((field) => !found.has(field) && !SELDOM.includes(field))).toEqual([]);
  });
});

it.each(['series', 'shards', 'moves', 'slowest'])('the columns of %s are as many as are told', (field) => {
  const description = tableOf('interval').find(([name]) => name === field)?.[1];
  const columns = /`\[([^\]]+)\]`/.exec(description ?? '')![1].split(', ');
  const rows = lines.flatMap((line) => (line.kind === 'interval' ? (line[field] as unknown[][]) : []));
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row).toHaveLength(columns.length);
});

it('the table of series has each, and no other', () => {
  const tiers = (of: string): string[] => TIER_NAMES.map((tier) => of.replace('TIER', tier));
  const told = tableOf('Series').flatMap(([name]) => {
    if (name.includes('CAUSE')) return CAUSES.flatMap((cause) => tiers(name.replace('CAUSE', cause)));
    if (name.includes('TIER')) return tiers(name);
    return name.includes('KIND') ? GC_KINDS.map((kind) => name.replace('KIND', kind)) : [name];
  });
  expect(told).toEqual(SERIES_NAMES);
  const names = (word: string): string[] =>
    [...new RegExp(`${word}\\s+(?:is )?one of ([^;.]+)`).exec(text)![1].matchAll(/`(\w+)`/g)].map(
      ([, name]) => name,
    );
  expect([names('CAUSE'), names('TIER'), names('KIND')]).toEqual([CAUSES, TIER_NAMES, GC_KINDS]);
});
