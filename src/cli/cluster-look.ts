/** `millpond cluster status` and `watch`: how batches stand, by their stores and the queue. */
import type { Broker, PageCounts } from '../cluster/broker.ts';
import { FolderStore } from '../cluster/folder-store.ts';
import { type BatchProgress, ProgressReader } from '../cluster/progress.ts';
import { formatSeconds } from '../text/durations.ts';
import { escaped, jsonText } from '../text/escaping.ts';
import { nowMs, sleep } from '../timers.ts';
import { type BrokerOptions, batchesOf, connect } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { listenForInterrupt } from './interrupt.ts';
import type { Progress } from './progress.ts';
import { startProgressView } from './progress-view.ts';

export interface LookOptions extends BrokerOptions {
  out?: string;
  json?: boolean;
}

const LOOK_MS = 500;

/** `millpond.status/1`: fields may be added, none changed. */
interface BatchStatus extends BatchProgress {
  readonly schema: 'millpond.status/1';
  readonly id: string;
  /** Null where the broker does not answer. */
  readonly queue: PageCounts | null;
}

export async function status(given: readonly string[], options: LookOptions): Promise<void> {
  const { folder, ids } = await batchesOf(options.out, given);
  // What is done is known without it.
  const broker = await connect(options).catch(() => null);
  try {
    for (const id of ids) {
      const progress = await new ProgressReader(new FolderStore(folder, id)).read();
      const queue = await countsOf(broker, id);
      const status: BatchStatus = { schema: 'millpond.status/1', id, ...progress, queue };
      process.stdout.write(options.json ? `${jsonText(status)}\n` : formatStatus(status));
    }
  } finally {
    await broker?.[Symbol.asyncDispose]();
  }
}

/** Until all are done, or cancelled. */
export async function watch(given: readonly string[], { out }: Pick<LookOptions, 'out'>): Promise<void> {
  const { folder, ids } = await batchesOf(out, given);
  const readers = ids.map((id) => new ProgressReader(new FolderStore(folder, id)));
  const interrupt = listenForInterrupt();
  const startedMs = nowMs();
  let all = await readAll(readers);
  const view = await startProgressView(process.stderr, false, {
    progress: () => progressOf(all, (nowMs() - startedMs) / 1000),
  });
  try {
    while (all.some(({ state }) => state === 'open')) {
      await sleep(LOOK_MS, undefined, { signal: interrupt.signal });
      all = await readAll(readers);
      view.changed();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    view.stop();
    interrupt.stop();
  }
  const failed = all.reduce((sum, { files }) => sum + files.failed, 0);
  const isCancelled = all.some(({ state }) => state === 'cancelled');
  process.exitCode = interrupt.exitCode() || (failed > 0 || isCancelled ? EXIT.failed : EXIT.done);
}

function readAll(readers: readonly ProgressReader[]): Promise<BatchProgress[]> {
  return Promise.all(readers.map((reader) => reader.read()));
}

function progressOf(all: readonly BatchProgress[], elapsedSeconds: number): Progress {
  const sum = (of: (one: BatchProgress) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    doneSeconds: sum(({ estimatedSeconds }) => estimatedSeconds),
    totalSeconds: sum(({ totalSeconds }) => totalSeconds),
    files: sum(({ files }) => files.ok + files.failed),
    failed: sum(({ files }) => files.failed),
    totalFiles: sum(({ files }) => files.total),
    isListing: all.some(({ isListed }) => !isListed),
    elapsedSeconds,
  };
}

async function countsOf(broker: Broker | null, id: string): Promise<PageCounts | null> {
  return (await broker?.counts(id).catch(() => null)) ?? null;
}

function formatStatus({
  id,
  state,
  isListed,
  files,
  pages,
  queue,
  deaths,
  hosts,
  ...times
}: BatchStatus): string {
  const ended = files.ok + files.failed;
  const parts = [
    `${files.ok} of ${files.total} files done`,
    files.failed > 0 && `${files.failed} failed`,
    files.skipped > 0 && `${files.skipped} skipped`,
    files.twice > 0 && `${files.twice} made twice`,
    `${pages.ended} of ${pages.total} pages`,
    queue !== null && state === 'open' && `${queue.held} held, ${queue.waiting} waiting`,
    deaths > 0 && `${deaths} pages left by hosts that died`,
  ].filter(Boolean);
  const { startedMs, endedMs } = times;
  const lines = [`${id}  ${isListed ? state : 'being listed'}: ${parts.join(', ')}`];
  if (startedMs !== null && endedMs !== null && ended > 0) {
    lines.push(`  ${formatSeconds((endedMs - startedMs) / 1000)} from the first page to the last`);
  }
  for (const [host, count] of Object.entries(hosts)) lines.push(`  ${escaped(host)}: ${count} files`);
  return `${lines.join('\n')}\n`;
}
