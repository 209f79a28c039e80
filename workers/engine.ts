/**
 * Tests the engine in a process of its own, and prints what came of it as JSON: the process that asks loads
 * no FFmpeg, and its runtime shows nothing of it.
 */
import { createRuntime } from '../src/runtime/runtime.ts';

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
await using runtime = await createRuntime({
  job: new URL(`./engine-test${extension}`, import.meta.url),
  threads: 1,
});
process.stdout.write(JSON.stringify(await runtime.run(null)));
