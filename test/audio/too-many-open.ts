/** Opens a file with no descriptor left, and with one, and prints what is said of it. */
import { closeSync, openSync } from 'node:fs';
import { openDecoder } from '../../src/audio/open-decoder.ts';

const [, , input] = process.argv;
// Native code is loaded.
openDecoder(input).close();

const open: number[] = [];
try {
  for (;;) open.push(openSync('/dev/null', 'r'));
} catch {
  // There is none left.
}

function refusal(): string {
  try {
    openDecoder(input).close();
    return 'opened';
  } catch (error) {
    return (error as Error).message;
  }
}

const messages = [refusal()];
closeSync(open.pop()!);
messages.push(refusal());
for (const fd of open) closeSync(fd);
process.stdout.write(JSON.stringify(messages));
