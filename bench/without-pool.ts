/**
 * A batch as one would write it with Piscina and node-av alone: the same plan, the same job, no pool and no
 * budget.
 *
 * node without-pool.js FOLDER OUT THREADS JSON-OF-SETTINGS
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { TranscodeRequest, TranscodeResult } from '../src/audio/plan/request.ts';
import { compiledCodeFolder } from '../src/cli/compile-cache.ts';

// As millpond does, and like there before anything large is loaded.
const compiled = compiledCodeFolder(process.env);
if (compiled !== null) enableCompileCache(compiled);
const { Piscina } = await import('piscina');

const [folder, out, threads, text] = process.argv.slice(2);
const settings: Omit<TranscodeRequest, 'input' | 'output'> = JSON.parse(text);
// The extension of this very file: compiled and gathered, as an installed program is.
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const piscina = new Piscina<TranscodeRequest, TranscodeResult>({
  filename: fileURLToPath(new URL(`./jobs/transcode-without-pool${extension}`, import.meta.url)),
  minThreads: Number(threads),
  maxThreads: Number(threads),
});
const native = import('../src/audio/native-log.ts');
const { decisionsOf } = await import('../src/batch/listing.ts');
const outputs = { folder: out, extension: `.${settings.to}` };
const { signal } = new AbortController();
const decisions = (await Array.fromAsync(decisionsOf({ inputs: [[folder]], outputs, signal }))).flat();
const files = decisions.flatMap((decision) => (decision.to === 'do' ? [decision.file] : []));
files.sort((a, b) => b.estimatedSeconds - a.estimatedSeconds);
(await native).captureNativeLog(() => {});
await Promise.all(
  files.map(({ input, output }) => piscina.run({ ...settings, input, output: output as string })),
);
await piscina.destroy();
