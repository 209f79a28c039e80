/**
 * Makes a stereo file half as wide again.
 *
 *     node main.ts song.ogg wider.flac
 */
import { createRuntime } from 'millpond';
import type { TranscodeResult } from 'millpond/audio';

const [input, output] = process.argv.slice(2);
await using runtime = await createRuntime({ job: new URL('./wider.ts', import.meta.url), threads: 1 });
const { seconds, sampleRate, bits, warnings } = await runtime.run<TranscodeResult>({
  input,
  output,
  to: 'flac',
});
console.log(`${seconds.toFixed(1)} s at ${sampleRate} Hz, ${bits} bits`);
for (const warning of warnings) console.error(`note: ${warning}`);
