/** A recording of 40 s, and what becomes of it when one of its values is another. */
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from './made-run.ts';

export const lines = madeLines({ seconds: 40 });
export const text = textOf(lines);

/** The recording with something else in place of a value in one of its lines. */
export function changed(number: number, path: readonly (string | number)[], value: unknown): string {
  const copy = lines.map((line) => structuredClone(line) as unknown);
  let inner = copy[number - 1] as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) inner = inner[step] as Record<string | number, unknown>;
  const last = path[path.length - 1];
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  return textOf(copy as RecordingLine[]);
}

const numberOf = (kind: string): number => lines.findIndex((line) => line.kind === kind) + 1;
export const INTERVAL = numberOf('interval');
export const DECISION = numberOf('decision');
export const SCORE = numberOf('score');
export const END = numberOf('end');
