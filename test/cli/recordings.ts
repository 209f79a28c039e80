import { writeFileSync } from 'node:fs';
import { type MadeRun, madeLines, textOf } from '../report/made-run.ts';

/** Writes recordings of 30 s, unless told otherwise, into a folder. */
export function recordingsIn(at: (name: string) => string) {
  return (name: string, options: MadeRun = {}, change = (text: string): string => text): string => {
    writeFileSync(at(name), change(textOf(madeLines({ seconds: 30, ...options }))));
    return at(name);
  };
}
