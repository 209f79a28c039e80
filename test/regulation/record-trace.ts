/**
 * Records what the policies see while real audio files are transcoded under 16 MiB, which the main thread
 * holds most of now and then: `node --conditions=millpond-source test/regulation/record-trace.ts FOLDER
 * SECONDS > test/regulation/traces/NAME.jsonl`
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Lease, MiB } from '../../src/index.ts';
import { DEFAULT_TIERS, TIER_NAMES } from '../../src/pool/tiers.ts';

const [folder, seconds] = process.argv.slice(2);
const files = globSync('**/*.{wav,ogg,flac,mp3}', { cwd: folder }).sort();
const out = mkdtempSync(join(tmpdir(), 'millpond-trace-'));
const budgetBytes = 16 * MiB;
const runtime = await createRuntime({
  job: new URL('../../workers/transcode.ts', import.meta.url),
  threads: 2,
  budgetBytes,
});
let over = false;
let next = 0;
const lanes = Array.from({ length: 4 }, async (_, lane) => {
  while (!over) {
    const file = files[next++ % files.length];
    const request = { input: join(folder, file), output: join(out, `${lane}.flac`), to: 'flac', bits: 16 };
    await runtime.run(request).catch(() => {});
  }
});

console.log(
  JSON.stringify({ budgetBytes, threads: 2, baselineBytes: runtime.snapshot().block.baselineBytes }),
);
const held: Lease[] = [];
const start = performance.now();
for (let at = 0; at < Number(seconds); at = (performance.now() - start) / 1000) {
  // Every ten seconds the main thread takes up to four fifths, for five.
  if (at % 10 >= 5 && held.length < 13) held.push(await runtime.pool.acquireAsync(MiB));
  if (at % 10 < 5) for (const lease of held.splice(0)) lease.release();
  await sleep(200);
  console.log(JSON.stringify(look()));
}
over = true;
for (const lease of held) lease.release();
await Promise.all(lanes);
await runtime.close();
rmSync(out, { recursive: true });

function look(): object {
  const { cpu, budget, shards, pressure } = runtime.snapshot();
  const { user, system } = process.cpuUsage();
  const rounded = (value: number | null): number | null => value && Math.round(value * 1000) / 1000;
  return {
    nowMs: Math.round(performance.now() - start),
    cpu: rounded(Math.max(cpu.process.smoothed ?? 0, cpu.system.smoothed ?? 0)),
    heldBytes: budget.usedBytes,
    processedBytes: shards.reduce((sum, { processedBytes }) => sum + processedBytes, 0),
    cpuSeconds: rounded((user + system) / 1e6),
    idleBytes: shards.reduce((sum, { idleBytes }) => sum + idleBytes, 0),
    processShare: rounded(pressure.processShare),
    uses: shards.map(({ shard, byTier, quota }) => ({
      row: shard,
      use: DEFAULT_TIERS.map(({ capacity }, tier) => byTier[TIER_NAMES[tier]].usedBytes / capacity),
      quota: DEFAULT_TIERS.map((_, tier) => quota[TIER_NAMES[tier]]),
    })),
  };
}
