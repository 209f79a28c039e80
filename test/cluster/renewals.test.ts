import { expect, it } from 'vitest';
import type { Broker, Delivery } from '../../src/cluster/broker.ts';
import { Fence } from '../../src/cluster/fence.ts';
import { HeldPage } from '../../src/cluster/held-page.ts';
import { Renewals } from '../../src/cluster/renewals.ts';

it('a lock that is lost is asked for no more, and told once, while its page lasts', async () => {
  const [left, kept] = [0, 1].map((page) => {
    const delivery: Delivery = { batch: 'b', ref: { round: 0, page }, token: `${page}` };
    const fence = new Fence(1000, 0, () => 0);
    return new HeldPage({ delivery, fence, files: [], from: 0, known: [] } as never);
  });
  const asked: string[] = [];
  const lost: HeldPage[] = [];
  let due: () => void = () => {};
  const answered: (() => void)[] = [];
  const renewals = new Renewals({
    broker: {
      lockMs: 1000,
      async renew(held) {
        asked.push(held.map(({ token }) => token).join());
        return held.filter(({ token }) => token === '0');
      },
    } as Partial<Broker> as Broker,
    clock: {
      nowMs: () => 0,
      wallMs: () => 0,
      after(_, action) {
        due = action;
        return () => {};
      },
    },
    pages: () => [left, kept],
    lost: (page) => lost.push(page),
    failed: () => {},
    changed: () => answered.shift()?.(),
  });
  renewals.start();
  for (let round = 0; round < 3; round++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    answered.push(resolve);
    due();
    await promise;
  }
  expect(asked).toEqual(['0,1', '1', '1']);
  expect(lost).toEqual([left]);
});
