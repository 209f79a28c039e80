/** Whether a journal can be gone on with: what its first line says beside what is asked for now. Pure. */
import { MillpondError } from '../../errors.ts';
import { escaped, shortened } from '../../text/escaping.ts';
import { packageVersion } from '../../version.ts';
import type { Header } from './entries.ts';
import type { Known } from './read-journal.ts';
import { changesOf } from './settings.ts';

/** Nothing came of it that other settings would not make as well. */
export function isBegunAnew({ done, failed, planned }: Known): boolean {
  return done.size + failed.size + planned.size === 0;
}

/**
 * @param engine null where it is not known yet: then it is not compared
 * @throws MillpondError `ERR_SETTINGS_CHANGED`
 */
export function refuseChanges(header: Header, settings: object, engine: string | null): void {
  const changes = changesOf(header.settings, settings);
  if (engine !== null && header.engine !== engine) {
    changes.push(
      `the engine was ${shortly(header.engine)}, of millpond ${shortly(header.version)}, and is now ${shortly(engine)}, of ${packageVersion()}`,
    );
  }
  if (changes.length === 0) return;
  throw new MillpondError(
    'ERR_SETTINGS_CHANGED',
    `The outputs of a journal are made with one set of settings, by one engine; ${changes.join(', ')}. Write --redo to do all anew; another --out or --journal keeps both.`,
  );
}

function shortly(text: string): string {
  return shortened(escaped(text), 12);
}
