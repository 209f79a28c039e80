/**
 * Cancels one task by Ctrl-C or once it has begun, and one by a time limit. The call rejects at once; the job
 * stops at its next look at the signal, and what it held goes back to the pool.
 */
import { createRuntime } from 'millpond';

const runtime = await createRuntime({ job: new URL('./render.ts', import.meta.url), threads: 1 });

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('stopped by Ctrl-C')));
try {
  await runtime.run(1000, {
    signal: stop.signal,
    onProgress: (done) => done > 0 && stop.abort(new Error('stopped after the first blocks')),
  });
} catch (error) {
  console.log((error as Error).message);
}

try {
  await runtime.run(1000, { signal: AbortSignal.timeout(200) });
} catch (error) {
  console.log((error as Error).name);
}

const { endBytes } = await runtime.close();
console.log(`${runtime.snapshot().tasks.cancelled} cancelled, ${endBytes} bytes left`);
