import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSpool } from '../../src/files/spool.ts';
import { releaseLeases } from '../../src/messages/release-leases.ts';
import { makeStand } from '../stand.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-release-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a value that nobody gets', () => {
  it('lets go of its leases and files, wherever they could have moved', () => {
    const [shard] = makeStand().shards;
    const lease = shard.acquire(10);
    const file = createSpool(folder).finish();
    const value: { parts: unknown[]; self?: unknown } = { parts: [{ lease }, [file], lease] };
    value.self = value;
    releaseLeases(value);
    expect(() => lease.bytes).toThrow(expect.objectContaining({ code: 'ERR_LEASE_RELEASED' }));
    expect(() => file.read(new Uint8Array(1), 0)).toThrow(
      expect.objectContaining({ code: 'ERR_FILE_CLOSED' }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});
