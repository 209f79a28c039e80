import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fence } from '../../src/cluster/fence.ts';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { HeldPage } from '../../src/cluster/held-page.ts';
import { ID, recordOf } from '../simulation/cluster/record.ts';
import { runOf } from '../simulation/cluster/runs.ts';

describe('the signal of a page', () => {
  it('is one for all its files, and ends when its batch does, and when the page is stopped', async () => {
    const page = await heldPage();
    const batch = new AbortController();
    const signal = page.signalWith(batch.signal);
    expect(page.signalWith(batch.signal)).toBe(signal);
    batch.abort(new Error('cancelled'));
    expect(signal.reason).toEqual(new Error('cancelled'));

    // Of a batch that was cancelled and submitted again.
    const again = page.signalWith(new AbortController().signal);
    expect(again.aborted).toBe(false);
    page.stop.abort(new Error('stuck'));
    expect(again.reason).toEqual(new Error('stuck'));
  });
});

async function heldPage(): Promise<HeldPage> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-test-'));
  try {
    const store = new FolderStore(folder, ID);
    const ref = { round: 0, page: 0 };
    const attempt = await store.begin(ref, 'token');
    const delivery = { batch: ID, ref, token: 'token' };
    const record = recordOf(runOf(1, false).workload);
    const rest = { folder, attempt, files: [], from: 0, known: [], startedMs: 0 };
    return new HeldPage({ delivery, fence: new Fence(1000, 0, () => 0), store, record, ...rest });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
