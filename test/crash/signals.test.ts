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

let batch: SmallBatch;
let runMs: number;
beforeAll(async () => {
  batch = await SmallBatch.make([inject('builtCommand')], 'flac', 14);
  runMs = await batch.timed();
});
afterAll(() => batch?.[Symbol.dispose]());

/** A run that is sent signals ends by one of them, with its code, or was over before. */
async function endsCleanly(
  signal: keyof typeof CODES,
  send: ((pid: number) => Promise<void>) | Tracing,
): Promise<void> {
  batch.reset();
  const isTraced = typeof send !== 'function';
  const { child, ended } = batch.start(isTraced ? send : undefined);
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
  await batch.check();
  batch.checkNothingElse(batch.look());
}

function sender(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe.each(SIGNALS)('%s', (signal) => {
  it.each([
    'the process',
    'its group, as from a terminal',
  ])('to %s at a random instant leaves nothing half-written', async (whom) => {
    await endsCleanly(signal, async (pid) => {
      await pass((0.2 + choices.pick(800) / 1000) * runMs);
      sender(whom === 'the process' ? pid : -pid, signal);
    });
  });

  it('twice to its group leaves nothing half-written, and no process', async () => {
    await endsCleanly(signal, async (pid) => {
      await pass((0.4 + choices.pick(500) / 1000) * runMs);
      sender(-pid, signal);
      await pass(choices.pick(20));
      sender(-pid, signal);
    });
  });
});

describe.skipIf(noStrace !== null)('a signal', () => {
  let points: readonly CallPoint[];
  beforeAll(async () => {
    ({ points } = await record(batch));
  });

  it('in front of what makes, writes or places a file leaves nothing half-written', async () => {
    for (const call of ['mkdir', 'write', 'rename']) {
      const such = points.filter((point) => point.call === call);
      const [signal, point] = [SIGNALS[choices.pick(SIGNALS.length)], such[choices.pick(such.length)]];
      await endsCleanly(signal, signalAt(point, signal));
    }
  });

  it('in front of the last one, when all is done but the end, too', async () => {
    const last = points.findLast(({ call }) => call === 'rename');
    await endsCleanly('SIGTERM', signalAt(last!, 'SIGTERM'));
  });
});
