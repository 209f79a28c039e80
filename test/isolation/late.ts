/** A program that waits for nothing but a process that starts late. */
import { createIsolatedRunner } from '../../src/isolation/index.ts';

const job = new URL('../jobs/starts-late.ts', import.meta.url);
await using runner = await createIsolatedRunner({ job, threads: 1, spare: false });
process.stdout.write(`${await runner.run()}\n`);
