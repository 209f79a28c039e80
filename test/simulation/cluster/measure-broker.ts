/** What each step costs a real broker: time of its own CPU, which all others wait for; and memory. */

import type { Delivery } from '../../../src/cluster/broker.ts';
import { connectBullMq } from '../../../src/cluster/bullmq-broker.ts';
import { RedisServer } from '../../cluster/redis.ts';
import type { BrokerStep } from './times.ts';

interface BrokerCost {
  /** In ms, of each page. */
  readonly steps: Readonly<Record<BrokerStep, number>>;
  readonly bytesAWaitingPage: number;
  readonly pagesASecond: number;
}

const ID = '0123456789abcdef';
/** As many as a host of many threads holds. */
const HELD = 8;

export async function measureBroker(pages: number): Promise<BrokerCost> {
  await using redis = await RedisServer.start();
  await using broker = await connectBullMq({
    ...{ url: redis.url, prefix: 'measured', lockMs: 600_000, stalledMs: 600_000 },
  });
  const client = redis.client();
  const cpuMs = async (): Promise<number> => {
    const text = await client.info('cpu');
    const of = (name: string): number => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]) * 1000;
    return of('used_cpu_user') + of('used_cpu_sys');
  };
  const memory = async (): Promise<number> =>
    Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
  const costs: Partial<Record<BrokerStep, number>> = {};
  const cost = async (step: BrokerStep, times: number, act: (at: number) => Promise<unknown>) => {
    const before = await cpuMs();
    for (let at = 0; at < times; at++) await act(at);
    costs[step] = ((await cpuMs()) - before) / times;
  };
  const announced = {
    id: ID,
    folder: '/share/out',
    weight: 1,
    priority: 0,
    submittedMs: 0,
    engine: 'x'.repeat(64),
  };
  await cost('announce', 100, () => broker.announce(announced));
  const refs = Array.from({ length: pages }, (_, page) => ({ round: 0, page }));
  const bytes = await memory();
  const beganMs = performance.now();
  await cost('put', 1, () => broker.put(ID, refs));
  const putMs = performance.now() - beganMs;
  const bytesAWaitingPage = ((await memory()) - bytes) / pages;
  const held: Delivery[] = [];
  const half = Math.floor(pages / 2);
  await cost('take', half, async (at) => held.push((await broker.take(ID, `token:${at}`)) as Delivery));
  await cost('renew', Math.floor(half / HELD), (at) => broker.renew(held.slice(at * HELD, (at + 1) * HELD)));
  await cost('giveBack', 100, () => broker.giveBack(held.pop() as Delivery));
  await cost('done', held.length, (at) => broker.done(held[at]));
  await cost('counts', 500, () => broker.counts(ID));
  await cost('mayLook', 500, (at) => broker.mayLook(ID, `${at % HELD}`));
  await cost('batches', 500, () => broker.batches());
  for (let at = 0; ; at++) if ((await broker.take(ID, `rest:${at}`)) === null) break;
  await cost('empty', 500, (at) => broker.take(ID, `none:${at}`));
  await cost('forget', 1, () => broker.forget(ID));
  client.disconnect();
  const steps = { ...(costs as Record<BrokerStep, number>) };
  return {
    steps: { ...steps, put: steps.put / pages, renew: steps.renew / HELD, stalled: steps.empty },
    bytesAWaitingPage,
    pagesASecond: (1000 * pages) / putMs,
  };
}
