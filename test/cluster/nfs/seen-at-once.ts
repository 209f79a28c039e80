/**
 * What is changed of a batch is seen at once by a machine that has the folder over a network and has looked
 * just before. Owns the share and the machine.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FolderStore } from '../../../src/cluster/folder-store.ts';
import type { PageSummary } from '../../../src/cluster/store.ts';
import { Share } from '../share.ts';
import { list, RECORD } from '../stand.ts';
import { NfsNetwork } from './nfs-network.ts';

const PROGRAM = fileURLToPath(new URL('looks.ts', import.meta.url));
const STARTS_MS = 180_000;
/** A machine asks ten times a second; what it has seen lately it believes for 30 s. */
const SEEN_MS = 10_000;
const SUMMARY: PageSummary = {
  ...{ schema: 'millpond.page/1', page: 'r0-0000000', host: 'h', engine: 'e', ok: 1, failed: 0, skipped: 0 },
  ...{ audioSeconds: 1, estimatedSeconds: 1, twice: 0, deaths: 0, startedMs: 0, endedMs: 1 },
};

/** @returns the longest time until something was seen, in milliseconds */
export async function seenAtOnce(): Promise<number> {
  using share = new Share();
  await using network = await NfsNetwork.start(share.folder, 1);
  const folder = mkdtempSync(join(share.folder, 'looks-'));
  const store = new FolderStore(folder, RECORD.id);
  await store.create(RECORD);
  await list(store, [1, 1]);
  await store.putResult({ round: 0, page: 1 }, { summary: SUMMARY, lines: [] });
  const [program, ...args] = network.command(0, PROGRAM);
  const machine = spawn(program, [...args, folder], {
    env: { ...process.env, ...network.env },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let seen = '';
  let words = '';
  createInterface({ input: machine.stderr }).on('line', (line) => {
    if (line.startsWith('sees ')) seen = line;
    else words = line;
  });
  let most = 0;
  const see = async (wanted: string, withinMs: number): Promise<void> => {
    const startedMs = performance.now();
    while (seen !== wanted) {
      if (performance.now() - startedMs > withinMs)
        throw new Error(`'${wanted}', but the machine ${seen} ${words}`);
      await pass(10);
    }
    if (withinMs === SEEN_MS) most = Math.max(most, performance.now() - startedMs);
  };
  try {
    await see('sees open, 1, false', STARTS_MS);
    await store.mark('done');
    await see('sees done, 1, false', SEEN_MS);
    await list(store, [1], 1);
    await store.mark('open');
    await see('sees open, 2, false', SEEN_MS);
    await store.putResult({ round: 0, page: 0 }, { summary: SUMMARY, lines: [] });
    await see('sees open, 2, true', SEEN_MS);
    await store.mark('cancelled');
    await see('sees cancelled, 2, true', SEEN_MS);
    await store.mark('open');
    await see('sees open, 2, true', SEEN_MS);
  } finally {
    if (machine.exitCode === null) process.kill(-(machine.pid as number), 'SIGKILL');
  }
  return Math.round(most);
}
