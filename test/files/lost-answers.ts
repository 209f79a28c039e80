/**
 * A share over a network that does what it is asked, loses the answer, and is asked again: links and renames
 * are done twice, so that the second time says what a system says then. Owns the functions of `node:fs` while
 * it lasts.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

export class LostAnswers implements Disposable {
  readonly #before = { ...fs };
  /** How many were asked for twice. */
  count = 0;

  constructor() {
    const { linkSync, renameSync } = this.#before;
    fs.linkSync = (...names) => {
      linkSync(...names);
      this.count++;
      linkSync(...names);
    };
    fs.renameSync = (...names) => {
      renameSync(...names);
      this.count++;
      renameSync(...names);
    };
    syncBuiltinESMExports();
  }

  [Symbol.dispose](): void {
    const { linkSync, renameSync } = this.#before;
    Object.assign(fs, { linkSync, renameSync });
    syncBuiltinESMExports();
  }
}
