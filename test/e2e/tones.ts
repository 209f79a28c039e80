import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from '../audio/wav.ts';
import { tone } from './millpond.ts';

/** Fills folders of that place with a second of sound in each file. */
export function tonesIn(at: (name: string) => string) {
  return (name: string, files: readonly string[]): string => {
    for (const file of files) {
      mkdirSync(join(at(name), file, '..'), { recursive: true });
      writeWav(join(at(name), file), [tone()], { rate: 8000 });
    }
    return at(name);
  };
}
