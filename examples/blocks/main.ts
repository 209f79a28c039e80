/**
 * Finds the loudest sample of a file of 32-bit floats, and shows how far it is.
 *
 *     ffmpeg -i song.flac -ac 1 -ar 48000 -f f32le song.f32
 *     node main.ts song.f32
 */
import { createRuntime } from 'millpond';

const [file] = process.argv.slice(2);
await using runtime = await createRuntime({ job: new URL('./loudest.ts', import.meta.url), threads: 1 });
const peak = await runtime.run<number>(file, {
  onProgress: (done) => process.stderr.write(`\r${Math.round(100 * done)} %`),
});
process.stderr.write('\n');
console.log(`loudest sample: ${peak.toFixed(3)}`);
