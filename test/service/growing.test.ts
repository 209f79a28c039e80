import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import type { IsolatedRunner } from '../../src/isolation/isolated-runner.ts';
import { Admission } from '../../src/service/admission/admission.ts';
import { LeaseShare } from '../../src/service/lease-share.ts';
import { Makings } from '../../src/service/makings.ts';
import { resolveServiceOptions } from '../../src/service/options.ts';
import { Results } from '../../src/service/results.ts';
import { Turns } from '../../src/service/turns.ts';
import { answer } from '../../src/service/work.ts';
import { WorkDir } from '../../src/service/work-dir.ts';
import { nowMs } from '../../src/timers.ts';
import { scratch } from '../audio/audio-files.ts';
import { noise, wav } from '../audio/wav.ts';
import { settings } from './admission/settings.ts';

const at = scratch();
const audio = wav([noise(4410, 16)]);

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return [];
    }
  });
}

test.runIf(existsSync('/proc/self/fd'))(
  'a file that grows is let go of by a client that leaves before its first byte, while another waits for it',
  async () => {
    const path = at('work');
    const ended = Promise.withResolvers<object>();
    const runs: { output: { path: string } }[] = [];
    const runner = {
      run(task: { output: { path: string } }) {
        runs.push(task);
        return ended.promise;
      },
    } as unknown as IsolatedRunner;
    const results = new Results(1000);
    const parts = {
      settings: resolveServiceOptions({ workDir: path }),
      runner,
      workDir: new WorkDir(path, 100_000_000),
      turns: new Turns(new Admission(settings(), nowMs()), () => 0),
      bodies: new LeaseShare(runner.pool, 0),
      memory: new LeaseShare(runner.pool, 0),
      results,
      makings: new Makings(results),
      engine: 'engine',
    };
    const joined = vi.spyOn(parts.makings, 'get');
    const asked = (client: string, signal: AbortSignal) => {
      const job = { kind: 'transcode', settings: { to: 'opus' }, verify: false, streamed: true } as const;
      const about = { job, client, name: 'audio', priority: 0, withinMs: 1e9, ticket: null, length: null };
      const from = 'wav';
      return answer({ ...about, from, body: Readable.from([audio]), begin() {}, signal }, parts);
    };
    const gone = new AbortController();
    const first = asked('first', gone.signal);
    await expect.poll(() => runs.length).toBe(1);
    const second = asked('second', new AbortController().signal);
    await expect.poll(() => joined.mock.calls.length).toBe(2);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    writeFileSync(runs[0].output.path, 'the first bytes');
    ended.resolve({ warnings: [], workMs: 1, encodeMs: 1 });
    expect('result' in (await second).of).toBe(true);
    results.clear();
    await expect.poll(() => openFiles().filter((file) => file.startsWith(path))).toEqual([]);
  },
);
