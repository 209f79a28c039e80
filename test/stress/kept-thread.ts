/** Has native code keep a thread from its end, and says in a line of JSON what became of its tasks. */
import { bytes, start } from './audio-open.ts';

const runtime = await start();

async function failure(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}

const lost = failure(runtime.run({ bytes, ends: 'by a full heap' }, { name: 'greedy' }));
const waiting = failure(runtime.run({ bytes, ends: 'well' }));
const outcome = { lost: await lost, waiting: await waiting };
const { left, endBytes } = await runtime.close({ timeoutMs: 100 });
process.stdout.write(JSON.stringify({ ...outcome, left, endBytes }));
