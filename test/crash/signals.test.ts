/** SIGINT, SIGTERM and SIGHUP at any time of a run. */

import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Choices, seeded } from '../simulation/choices.ts';
import type { CallPoint } from './operations.ts';
import { emptied } from './processes.ts';
import { record } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { signalAt, type Tracing, whyNoStrace } from './strace.ts';

const seed = Number(process.env.MILLPOND_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}`);
const choices: Choices = seeded(seed);
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const SIGNALS = Object.keys(CODES) as (keyof typeof CODES)[];
const noStrace = whyNoStrace();

interface Batch {
  readonly small: SmallBatch;
  readonly runMs: number;
}

async function batchWith(...options: string[]): Promise<Batch> {
  const small = await SmallBatch.make([inject('builtCommand')], 'flac', 14, options);
  return { small, runMs: await small.timed() };
}

/** A run that is sent signals ends by one of them, with its code, or was over before. */
async function endsCleanly(
  { small }: Batch,
  signal: keyof typeof CODES,
  send: ((pid: number) => Promise<void>) | Tracing,
): Promise<void> {
  small.reset();
  const isTraced = typeof send !== 'function';
  const { child, ended } = small.start(isTraced ? send : undefined);
  if (!isTraced) await send(child.pid!);
  const { code, signal: by, stderr } = await ended;
  // By the signal itself where it came before anything was begun, or a second time.
  expect([
    [0, null],
    [CODES[signal], null],
    [null, signal],
  ]).toContainEqual([code, by]);
  if (code !== 0 && by === null) expect(stderr).toContain('stopping');
  expect(stderr).not.toMatch(/failed:|abort|core dumped/);
  await emptied(child.pid!);
  await small.check();
  small.checkNothingElse(small.look());
}

function sender(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe.each([
  ['in threads of the command', '0'],
  ['in a process of their own', '1'],
])('with jobs %s', (_, isolate) => {
  let batch: Batch;
  beforeAll(async () => {
    batch = await batchWith('--isolate', isolate);
  });
  afterAll(() => batch?.small[Symbol.dispose]());

  describe.each(SIGNALS)('%s', (signal) => {
    const whoms = ['the process', 'its group, as from a terminal'];
    it.each(whoms)('to %s at a random instant leaves nothing half-written, and no process', async (whom) => {
      await endsCleanly(batch, signal, async (pid) => {
        await pass((0.2 + choices.pick(800) / 1000) * batch.runMs);
        sender(whom === 'the process' ? pid : -pid, signal);
      });
    });

    it.each(whoms)('twice to %s leaves nothing half-written, and no process', async (whom) => {
      await endsCleanly(batch, signal, async (pid) => {
        const to = whom === 'the process' ? pid : -pid;
        await pass((0.4 + choices.pick(500) / 1000) * batch.runMs);
        sender(to, signal);
        await pass(choices.pick(20));
        sender(to, signal);
      });
    });
  });
});

describe.skipIf(noStrace !== null)('a signal', () => {
  let batch: Batch;
  let points: readonly CallPoint[];
  beforeAll(async () => {
    batch = await batchWith('--isolate', '0');
    ({ points } = await record(batch.small));
  });
  afterAll(() => batch?.small[Symbol.dispose]());

  it('in front of what makes, writes or places a file leaves nothing half-written', async () => {
    const of = (call: string): CallPoint[] => points.filter((point) => point.call === call);
    const one = (call: string): CallPoint => of(call)[choices.pick(of(call).length)];
    // Several threads make folders while the batch begins: some of these signals come twice.
    for (const point of [...of('mkdir'), one('write'), one('rename')]) {
      const signal = SIGNALS[choices.pick(SIGNALS.length)];
      await endsCleanly(batch, signal, signalAt(point, signal));
    }
  });

  it('in front of the last one, when all is done but the end, too', async () => {
    const last = points.findLast(({ call }) => call === 'rename');
    await endsCleanly(batch, 'SIGTERM', signalAt(last!, 'SIGTERM'));
  });
});
