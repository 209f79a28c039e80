/** Whether a batch has many files, by a quick look at what was named: before anything is listed. */
import { opendirSync } from 'node:fs';
import { looksLikeAudio } from '../batch/suffixes.ts';
import { systemPath } from '../files/byte-paths.ts';
import { MANY_FILES } from './batch-runner.ts';

/** Of a folder so many entries are looked at. */
const MOST_ENTRIES = 200;

/** False where only a listing can tell. */
export function seemMany(inputs: readonly string[]): boolean {
  let many = 0;
  for (const input of inputs.slice(0, MANY_FILES)) {
    many += looksLikeAudio(input) ? 1 : audioIn(input, MANY_FILES - many);
    if (many >= MANY_FILES) return true;
  }
  return false;
}

function audioIn(folder: string, most: number): number {
  try {
    using entries = opendirSync(systemPath(folder));
    let found = 0;
    for (let looked = 0; looked < MOST_ENTRIES && found < most; looked++) {
      const entry = entries.readSync();
      if (entry === null) break;
      if (entry.isFile() && looksLikeAudio(entry.name)) found++;
    }
    return found;
  } catch {
    return 0;
  }
}
