/**
 * node real-host.ts OPTIONS: production's host over a real broker and a real folder, with files that are
 * nothing but time; says when it can begin, begins when it is told to, and writes down what it begins and
 * what steps take.
 */
import { appendFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBullMq } from '../../../src/cluster/bullmq-broker.ts';
import { FolderStore } from '../../../src/cluster/folder-store.ts';
import { Host } from '../../../src/cluster/host.ts';
import { clearTimeout, nowMs, setTimeout, wallMs } from '../../../src/timers.ts';
import { Steps } from './steps.ts';
import { fileThreads, usualLoad } from './threads.ts';
import { type Workload, workSeconds } from './workload.ts';

export interface RealHostOptions {
  readonly url: string;
  readonly lockMs: number;
  readonly stalledMs: number;
  /** For what hosts leave behind; outputs go below it. */
  readonly folder: string;
  readonly number: number;
  readonly threads: number;
  readonly workload: Workload;
}

const options: RealHostOptions = JSON.parse(process.argv[2]);
const { url, lockMs, stalledMs, folder, number, threads, workload } = options;
const steps = new Steps();
const began = new Map<string, number>();
const log = join(folder, `log-${number}`);
const aside = join(folder, `aside-${number}`);
mkdirSync(aside);

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

/** Its asynchronous steps are timed. */
function timed<Parts extends object>(parts: Parts, names: readonly string[]): Parts {
  return new Proxy(parts, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (!names.includes(name as string)) return value.bind(target);
      return async (...args: unknown[]) => {
        const beganMs = nowMs();
        const answer = await value.apply(target, args);
        steps.add(name as string, nowMs() - beganMs);
        return name === 'begin' ? timed(answer, ['ended', 'gaveBack']) : answer;
      };
    },
  });
}

await using broker = await connectBullMq({ url, prefix: 'simulated', lockMs, stalledMs });
const lastsMs = (input: string): number => workSeconds(workload, Number(input)) * 1000;
const host = new Host({
  broker: timed(broker, ['take', 'done', 'renew', 'counts']),
  maker: fileThreads({
    threads,
    ...{ lastsMs, after, nowMs },
    began(input) {
      began.set(input, nowMs());
      appendFileSync(log, `${input} ${wallMs()}\n`);
    },
    put(input) {
      const made = join(aside, input);
      writeFileSync(made, input);
      let isFirst = true;
      try {
        linkSync(made, join(folder, 'out', input));
      } catch {
        isFirst = false;
      }
      steps.add('file', nowMs() - (began.get(input) as number) - lastsMs(input));
      return isFirst;
    },
    isThere: (input) => existsSync(join(folder, 'out', input)),
  }),
  clock: { nowMs, wallMs, after },
  ...{ name: `${number}`, token: crypto.randomUUID(), engine: 'time' },
  openStore: (batch) =>
    timed(new FolderStore(batch.folder, batch.id), ['files', 'hasResult', 'begin', 'putResult']),
  list: () => Promise.reject(new Error('It is listed.')),
  load: () => usualLoad(threads),
  say: () => {},
});
process.on('message', (message) => {
  if (message === 'go') void host.run();
  else host.drain();
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
await new Promise<void>((resolve) => {
  process.on('message', (message) => {
    if (message === 'leave') resolve();
  });
});
process.send?.(steps.ms, () => process.exit());
