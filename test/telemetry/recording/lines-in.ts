/** Waits for a recording that another process, or this one, is writing. */
import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { RecordingLine } from '../../../src/telemetry/recording/lines.ts';

type Line<Kind> = Extract<RecordingLine, { kind: Kind }>;

/**
 * Resolves when the file holds so many whole lines of a kind (that hold what is asked for, if anything).
 * Its folder must be there.
 */
export function linesIn<Kind extends RecordingLine['kind']>(
  path: string,
  kind: Kind,
  count: number,
  holds: (line: Line<Kind>) => boolean = () => true,
): Promise<void> {
  const there = (): boolean => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return false;
    }
    // What comes after the last end of a line is not whole yet.
    const whole = text.split('\n').slice(0, -1);
    const ofKind = whole.filter((line) => line.startsWith(`{"kind":"${kind}"`));
    return ofKind.filter((line) => holds(JSON.parse(line))).length >= count;
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
