/** Waits for a recording that another process, or this one, is writing. */
import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { RecordingLine } from '../../../src/telemetry/recording/lines.ts';

/** Resolves when the file holds so many whole lines of a kind. Its folder must be there. */
export function linesIn(path: string, kind: RecordingLine['kind'], count: number): Promise<void> {
  const there = (): boolean => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return false;
    }
    return text.split('\n').filter((line) => line.startsWith(`{"kind":"${kind}"`)).length >= count;
  };
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), look);
    function look(): void {
      if (!there()) return;
      watcher.close();
      resolve();
    }
    look();
  });
}
