/**
 * Prints how loud audio files are.
 *
 *     node main.ts song.flac voice.mp3
 */
import { createRuntime } from 'millpond';
import type { Levels } from './levels.ts';

await using runtime = await createRuntime({ job: new URL('./levels.ts', import.meta.url) });
for (const file of process.argv.slice(2)) {
  const { seconds, peak, rms } = await runtime.run<Levels>(file);
  console.log(`${file}: ${seconds.toFixed(1)} s, peak ${peak.toFixed(1)} dB, RMS ${rms.toFixed(1)} dB`);
}
