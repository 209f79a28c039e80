/**
 * Has an output folder many times, each time as if nothing came of it. A folder that only one may make shows
 * whether it was alone. Prints how often it was.
 */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Locks } from '../../../src/batch/journal/locks.ts';
import { isMillpondError } from '../../../src/errors.ts';

const [root, times] = process.argv.slice(2);
const alone = join(root, 'alone');
let done = 0;
while (done < Number(times)) {
  using locks = new Locks();
  try {
    await locks.takeFolder(join(root, 'made', 'out'));
  } catch (error) {
    if (!isMillpondError(error) || error.code !== 'ERR_BATCH_LOCKED') throw error;
    continue;
  }
  mkdirSync(alone);
  await null;
  rmdirSync(alone);
  done++;
}
process.stdout.write(`${done}\n`);
