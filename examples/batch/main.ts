/**
 * Converts files to Opus, a few at a time, whatever their number: one more than there are threads, so that no
 * thread waits for its next file. A file that fails does not stop the others.
 *
 *     node main.ts out/ *.flac
 */
import { mkdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import { createRuntime } from 'millpond';
import type { TranscodeResult } from 'millpond/audio';

const [folder, ...files] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
await using runtime = await createRuntime({ job: new URL('./convert.ts', import.meta.url) });
let failed = 0;

async function convert(input: string): Promise<void> {
  const output = join(folder, `${parse(input).name}.opus`);
  try {
    const { seconds } = await runtime.run<TranscodeResult>(
      { input, output, to: 'opus', bitrate: 96_000 },
      { name: input },
    );
    console.log(`${output}: ${seconds.toFixed(1)} s`);
  } catch (error) {
    failed++;
    console.error((error as Error).message);
  }
}

/** Every one of these loops takes its next file from the same iterator. */
const queue = files.values();
async function convertSome(): Promise<void> {
  for (const file of queue) await convert(file);
}
await Promise.all(Array.from({ length: runtime.threads + 1 }, convertSome));
console.log(`${files.length - failed} of ${files.length} done`);
if (failed > 0) process.exitCode = 1;
