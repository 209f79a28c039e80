/**
 * The process that hostile files are tried in, with a real runtime of one thread. It does what its parent
 * says, and its parent outlives it.
 */
import { existsSync } from 'node:fs';
import { createRuntime, type RuntimeOptions } from '../../src/index.ts';
import type { CloseReport } from '../../src/runtime/runner.ts';
import { type Answer, type Order, tryOne } from './rules.ts';

/** What the parent says. Of a traced child each order has a mark, which a trace shows. */
export type Said = { readonly order: Order; readonly mark?: string } | 'close';
export type Replied =
  | { readonly answer: Answer }
  | { readonly closed: CloseReport }
  | { readonly pid: number };

const job = (name: string) => new URL(`../../workers/${name}.ts`, import.meta.url);
const options: RuntimeOptions = {
  jobs: { transcode: job('transcode'), analyze: job('analyze'), stream: job('stream') },
  threads: 1,
};
const runtime = await createRuntime(options);

process.on('message', async (said: Said) => {
  if (said === 'close') {
    reply({ closed: await runtime.close() });
    process.disconnect?.();
    return;
  }
  const { order, mark } = said;
  if (mark !== undefined) existsSync(mark);
  const answer = await tryOne(runtime, order);
  if (mark !== undefined) existsSync(`${mark}-end`);
  reply({ answer });
});
process.once('disconnect', () => process.exit());
reply({ pid: process.pid });

function reply(reply: Replied): void {
  process.send?.(reply);
}
