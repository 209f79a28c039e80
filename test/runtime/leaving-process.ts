/** A process that closes its runtime beside a job that never ends, and has nothing else to do. */
import { createRuntime } from '../../src/index.ts';

const job = new URL('../jobs/stubborn.ts', import.meta.url);
const runtime = await createRuntime({ job, threads: 2, logLevel: 'silent' });
const words = new Int32Array(new SharedArrayBuffer(64));
runtime.run({ do: 'block', words, bytes: 10 }).catch(() => {});
const begun = Atomics.waitAsync(words, 0, 0);
// The wait alone does not keep the process alive.
const timer = setInterval(() => {}, 1000);
if (begun.async) await begun.value;
clearInterval(timer);
const { left } = await runtime.close({ timeoutMs: 200 });
console.log(left.filter(({ state }) => state === 'running').length);
