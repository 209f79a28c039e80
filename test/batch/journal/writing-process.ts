/**
 * Makes outputs one after the other, four at once, into the journal of a folder, and says each that counts
 * as done on a line, until it is killed. Arguments: folder, durability, first number.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BatchJournal } from '../../../src/batch/journal/batch-journal.ts';
import type { Durability } from '../../../src/batch/journal/syncs.ts';

const [folder, durability, first] = process.argv.slice(2);
const outputs = join(folder, 'out');
await using journal = await BatchJournal.open({
  outputs,
  settings: { to: 'flac' },
  engine: async () => 'engine',
  durability: durability as Durability,
  redo: false,
  check: 'times',
});
writeSync(1, 'open\n');
let number = Number(first);

async function lane(): Promise<void> {
  for (;;) {
    const name = `${number++}`;
    const file = { input: join(folder, 'input.wav'), output: join(outputs, name) };
    await journal.begin(file);
    writeFileSync(file.output, name);
    if (number % 3 === 0) await journal.failed(file, { code: 'ERR_AUDIO_DECODE', message: 'It is damaged.' });
    else {
      await journal.done(file);
      writeSync(1, `${name}\n`);
    }
  }
}

await Promise.all(Array.from({ length: 4 }, lane));
