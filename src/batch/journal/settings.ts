/** What outputs are made with, written one way only, and what became different of it. Pure. */
import { escaped, shortened } from '../../text/escaping.ts';
import { OPTION_NAMES } from '../option-names.ts';

/**
 * The same text for the same settings: members by their names, without those that ask for nothing. Numbers
 * and texts only, as settings have them.
 */
export function canonical(settings: object): string {
  return JSON.stringify(sorted(settings));
}

export function sorted(settings: object): Record<string, unknown> {
  const members = Object.entries(settings).filter(([, value]) => value !== undefined && value !== 0);
  return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `--bitrate was 192000 and is now 128000`, for each that differs. */
export function changesOf(before: object, now: object): string[] {
  const [old, given] = [sorted(before), sorted(now)];
  return [...new Set([...Object.keys(old), ...Object.keys(given)])]
    .filter((name) => old[name] !== given[name])
    .map(
      (name) =>
        `${OPTION_NAMES.get(name) ?? shortened(escaped(name), 100)} was ${shown(old[name])} and is now ${shown(given[name])}`,
    );
}

function shown(value: unknown): string {
  return value === undefined ? 'not given' : shortened(escaped(String(value)), 100);
}
