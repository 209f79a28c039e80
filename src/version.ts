/** The version of this package. */
import { readFileSync } from 'node:fs';

/**
 * From the checkout and from wherever in `dist` this file was gathered into, the nearest package.json upwards
 * is the package's own.
 */
export function packageVersion(): string {
  for (const up of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')).version;
    } catch {}
  }
  return 'unknown';
}
