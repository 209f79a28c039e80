/**
 * `node looks.ts FOLDER ID`: what a host sees of a batch, each time that it is something else, as a line on
 * stderr. A machine runs it while another one changes the batch.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { FolderStore } from '../../../src/cluster/folder-store.ts';
import { RECORD } from '../stand.ts';

const LOOK_MS = 100;

const [folder] = process.argv.slice(2);
let before = '';
for (;;) {
  // What is sealed is known for good by each store.
  const store = new FolderStore(folder, RECORD.id);
  const lists = (await store.totals(1)) === null ? 1 : 2;
  const ended = await store.hasResult({ round: 0, page: 0 });
  const seen = `sees ${await store.state()}, ${lists}, ${ended}`;
  if (seen !== before) process.stderr.write(`${seen}\n`);
  before = seen;
  await pass(LOOK_MS);
}
