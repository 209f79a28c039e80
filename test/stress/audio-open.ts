/** A runtime of one thread with little heap, for jobs that have audio in leases open as they end. */
import { createRuntime, type Runtime } from '../../src/index.ts';
import { to16, tone, wav } from '../audio/wav.ts';

export const bytes = wav([to16(tone(8000, 8000, 440))], { rate: 8000 });

export function start(): Promise<Runtime> {
  return createRuntime({
    job: new URL('../jobs/audio-open.ts', import.meta.url),
    threads: 1,
    logLevel: 'silent',
    resourceLimits: { maxOldGenerationSizeMb: 40 },
  });
}
