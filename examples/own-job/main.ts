/** Sends a second of sound to a worker and gets it back with an echo. */
import { createRuntime, type Lease, MiB } from 'millpond';

await using runtime = await createRuntime({
  job: new URL('./echo.ts', import.meta.url),
  threads: 2,
  budgetBytes: 100 * MiB,
});
const block = runtime.pool.acquire(48_000 * 4); // a second of mono at 48 kHz
for (let i = 0; i < 48_000; i++) block.float32[i] = i === 0 ? 1 : 0;
using echoed = await runtime.run<Lease>({ block, delay: 12_000, gain: 0.5 });
console.log(echoed.float32[0], echoed.float32[12_000], runtime.snapshot().budget.usedBytes); // 1 0.5 2097152
