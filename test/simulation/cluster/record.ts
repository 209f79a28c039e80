/** What a batch of a simulation is called, and is. */
import type { BatchRecord } from '../../../src/cluster/store.ts';
import type { Workload } from './workload.ts';

export const ID = 'batch';

export function recordOf({ page }: Workload): BatchRecord {
  return {
    ...{ schema: 'millpond.cluster/1', id: ID, submittedMs: 0, job: 'time', settings: {}, extension: '' },
    ...{ timeoutMs: null, engine: null, weight: 1, priority: 0, page },
    list: {
      ...{ inputs: [], lists: [], separator: 'line', include: [], exclude: [], base: null },
      ...{ existing: 'refuse', others: false },
    },
  };
}
