/**
 * Measures every audio file in a folder, whatever their number: as many are found as are measured. What is no
 * audio is named and left out; Ctrl-C ends all at once.
 *
 *     node main.ts music/ > loudness.tsv
 */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime, jobFile } from 'millpond';

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
  }
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const job = jobFile<typeof import('./measure.ts')>(new URL('./measure.ts', import.meta.url));
await using runtime = await createRuntime({ job });
const files = filesIn(process.argv[2]);
let done = 0;
process.stderr.write('0 done');
try {
  for await (const item of runtime.map(files, {
    errors: 'all',
    signal: stop.signal,
    each: (name) => ({ name }),
  })) {
    if (item.ok) {
      const { seconds, lufs, truePeakDb } = item.result;
      console.log([item.input, seconds.toFixed(1), lufs?.toFixed(1), truePeakDb?.toFixed(1)].join('\t'));
    } else {
      process.stderr.write(`\r${(item.error as Error).message}\n`);
      process.exitCode = 1;
    }
    process.stderr.write(`\r${++done} done`);
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
  process.stderr.write(', stopped');
  process.exitCode = 130;
}
process.stderr.write('\n');
