/**
 * What the live view of the snapshot fixture, or of any runtime with two workers, has at the left of its
 * lines.
 */
export const HEADS: readonly string[] = [
  'files',
  'budget',
  'pressure',
  'small',
  'medium',
  'large',
  'direct',
  'cpu',
  'block',
  'main',
  'worker 1',
  'worker 2',
];

export function heads(lines: readonly string[]): string[] {
  return lines.map((line) => line.slice(0, 10).trim());
}
