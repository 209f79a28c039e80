/**
 * A program of its own: rounds of filling and releasing memory, and what the process then holds. Prints JSON.
 */
import { createRuntime, type Lease, MiB } from '../../src/index.ts';

const [born, bytes, count, rounds] = process.argv.slice(2);
const input = { do: 'fill', bytes: Number(bytes), count: Number(count) };
await using runtime = await createRuntime({
  job: new URL('../jobs/pooling.ts', import.meta.url),
  threads: 1,
  budgetBytes: 512 * MiB,
  tiers: [
    { capacity: 4096, maxIdle: 0 },
    { capacity: 65_536, maxIdle: 0 },
    { capacity: MiB, maxIdle: 0 },
  ],
});

function fillHere(): number {
  const leases: Lease[] = runtime.pool.acquireAll(new Array(input.count).fill(input.bytes));
  for (const lease of leases) lease.bytes.fill(1);
  const full = process.memoryUsage.rss();
  for (const lease of leases) lease.release();
  return full;
}

const results = [];
for (let round = 0; round < Number(rounds); round++) {
  const before = process.memoryUsage.rss();
  const full = born === 'main' ? fillHere() : await runtime.run<number>(input);
  const { usedBytes } = runtime.snapshot().budget;
  results.push({ before, full, after: process.memoryUsage.rss(), usedBytes });
}
console.log(JSON.stringify(results));
