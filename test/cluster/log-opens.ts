/**
 * `node --import` of this file: threads of all processes write down which inputs they open in the file that
 * MILLPOND_OPENED names: what a file's begin is, as seen from outside.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { MILLPOND_OPENED: log, MILLPOND_INPUTS: inputs } = process.env;
if (!isMainThread && log !== undefined && inputs !== undefined) {
  const { openSync } = fs;
  fs.openSync = (path, ...how) => {
    if (String(path).startsWith(inputs)) fs.appendFileSync(log, `${path}\n`);
    return openSync(path, ...how);
  };
  syncBuiltinESMExports();
}
