import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { type Body, receiveBody } from '../../src/service/body.ts';
import { LeaseShare } from '../../src/service/lease-share.ts';
import { WorkDir } from '../../src/service/work-dir.ts';
import { scratch } from '../audio/audio-files.ts';
import { dirtyShard } from '../stand.ts';

const at = scratch();

function world(shareBytes: number) {
  const workDir = new WorkDir(at('work'), 100 * MiB);
  const leases = new LeaseShare(dirtyShard() as unknown as Pool, shareBytes);
  const receive = (bytes: number): Promise<Body> => {
    const { signal } = new AbortController();
    const rules = { length: bytes, mostBytes: MiB, minRate: 0, signal, came() {} };
    return receiveBody(Readable.from([Buffer.alloc(bytes, 1)]), rules, { leases, workDir });
  };
  return { workDir, receive };
}

describe('bodies in leases', () => {
  it('have a share of the pool, beyond which they are files', async () => {
    const { workDir, receive } = world(2 * MiB);
    const bodies: Body[] = [];
    while (workDir.usedBytes === 0 && bodies.length < 1000) bodies.push(await receive(200 * KiB));
    expect(bodies.length).toBeGreaterThan(2);
    expect((bodies.length - 1) * 200 * KiB).toBeLessThanOrEqual(2 * MiB);
    for (const body of bodies) body[Symbol.dispose]();
    expect(workDir.usedBytes).toBe(0);
  });

  it('give their share back when they are dropped, and when they are sent', async () => {
    const { workDir, receive } = world(2 * MiB);
    for (let turn = 0; turn < 50; turn++) {
      const dropped = await receive(200 * KiB);
      dropped[Symbol.dispose]();
      dropped[Symbol.dispose]();
      const sent = await receive(200 * KiB);
      sent.input('audio');
      sent[Symbol.dispose]();
      expect(workDir.usedBytes).toBe(0);
    }
  });
});
