/** What the parts of a simulated runtime share. */
import type { Shard } from '../../src/pool/shard.ts';
import type { Promises } from './promises.ts';
import type { Machine } from './thread.ts';
import type { WorldOptions } from './worlds.ts';

export type Machinery = Machine & {
  readonly world: WorldOptions;
  readonly promises: Promises;
  /** A shard that is not the caller's. */
  otherShard(): Shard;
};
