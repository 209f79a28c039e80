/**
 * Makes an MP3 of the audio file on stdin and writes it to stdout, without a file in between.
 *
 *     node main.ts < song.ogg > song.mp3
 */
import { stdin, stdout } from 'node:process';
import { buffer } from 'node:stream/consumers';
import { createRuntime } from 'millpond';
import type { TranscodeResult } from 'millpond/audio';

await using runtime = await createRuntime({ job: new URL('./convert.ts', import.meta.url), threads: 1 });
const bytes = await buffer(stdin);
const upload = await runtime.pool.acquireAsync(bytes.length);
upload.bytes.set(bytes);
const { leases, file, seconds } = await runtime.run<TranscodeResult>({
  input: { leases: [upload] }, // moved to the job, which reads them where they lie
  output: { leases: true }, // and so come back, or as a file where that is large
  to: 'mp3',
});
for (const lease of leases ?? []) {
  stdout.write(Buffer.from(lease.bytes)); // a copy: the lease ends on the next line
  lease.release();
}
using spooled = file; // it has no name, and is gone at the end of this block
await spooled?.writeTo(stdout);
console.error(`${seconds.toFixed(1)} s`);
