/**
 * The supervisor's own pool: leases of inputs before they are sent, and of results that have come. Owned by
 * the thread that made the runner. It has no coordinator: there is nobody to move idle memory to.
 */
import { threadId } from 'node:worker_threads';
import { MAIN_ROW } from '../budget/layout.ts';
import { Ledger } from '../budget/ledger.ts';
import type { Bytes } from '../bytes.ts';
import { Quotas } from '../coordinator/quotas.ts';
import type { PoolOptions } from '../pool/options.ts';
import { Shard } from '../pool/shard.ts';
import type { LeaseRecorder } from '../pool/supply.ts';
import { RowCounts, ThreadSupply } from '../thread/supply.ts';

export interface OwnMemory {
  readonly shard: Shard;
  readonly ledger: Ledger;
}

/** Latencies of a pool that no job uses are nobody's concern. */
const NOT_RECORDED: LeaseRecorder = { record() {}, lifetime() {} };

export function ownMemory(options: PoolOptions, budgetBytes: Bytes): OwnMemory {
  const ledger = Ledger.create(1, budgetBytes);
  ledger.claim(threadId);
  const words = ledger.row(MAIN_ROW);
  const shard = new Shard({
    options: { ...options, budgetBytes, reserveBytes: 0 },
    quotas: new Quotas(options.tiers, 1).open(MAIN_ROW),
    words: words.shardWords(),
    supply: new ThreadSupply(ledger, MAIN_ROW, {
      canBlock: false,
      safepoint() {},
      returnLoan() {},
      goesBack: () => false,
      currentTask: () => 0,
      currentCancelled: () => false,
      othersHold: () => false,
    }),
    counts: new RowCounts(ledger, MAIN_ROW),
    recorder: NOT_RECORDED,
  });
  return { shard, ledger };
}
