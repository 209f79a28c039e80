/** Runs a service that is told what to do by whoever started it, and tells what was left of it at its end. */
import { MiB } from '../../src/bytes.ts';
import { createService } from '../../src/service/service.ts';

/** Told to whoever started this. */
export type Told =
  | { readonly url: string }
  | { readonly heapBytes: number }
  | { readonly endBytes: number; readonly cut: number };

const tell = (told: Told): void => void process.send?.(told);
const given = JSON.parse(process.argv[2]);
const service = await createService(
  { port: 0, threads: 2, budgetBytes: 100 * MiB, logLevel: 'error', ...given },
  process.env.NODE_COMPILE_CACHE ?? null,
);
process.on('message', (order) => {
  if (order === 'leave') void leave();
  else void collect();
});
process.on('disconnect', () => process.exit());
tell({ url: service.url });

/** Needs `--expose-gc`. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((next) => setImmediate(next));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  tell({ heapBytes: heapUsed + external });
}

async function leave(): Promise<void> {
  tell(await service.close());
  process.disconnect?.();
}
