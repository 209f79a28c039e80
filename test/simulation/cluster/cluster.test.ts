import { describe, expect, it } from 'vitest';
import { MEASURED } from './measured-times.ts';
import { play } from './play.ts';
import { broken } from './promises.ts';
import { SCENARIOS } from './scenarios.ts';
import { WORLDS } from './worlds.ts';

const seed = Number(process.env.MILLPOND_CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** With which each was broken once. */
const BROKEN = [
  ['hosts are stopped for longer than their locks last', 7],
  ['hosts are stopped for longer than their locks last', 17],
  ['hosts are told to leave', 29],
] as const;

describe(`a simulated batch keeps its promises (seed ${seed}) while`, () => {
  it.each(Object.keys(SCENARIOS) as (keyof typeof SCENARIOS)[])('%s', async (name) => {
    const cluster = SCENARIOS[name](seed);
    expect(broken(cluster, await play(cluster))).toEqual([]);
  });

  it.each(BROKEN)('%s, from seed %i', async (name, known) => {
    const cluster = SCENARIOS[name](known);
    expect(broken(cluster, await play(cluster))).toEqual([]);
  });

  it('of more than a minute, and nobody reads all results while others have the last pages', async () => {
    const cluster = WORLDS.calm({ hosts: 50, threads: 1, files: 8000, page: 8, seed });
    const { makespanMs, missing, walks, broker } = await play({ ...cluster, times: MEASURED });
    expect(makespanMs).toBeGreaterThan(60_000);
    // Once all pages have ended one host looks, to know that it is the end.
    expect({ missing, walks, put: broker.put }).toEqual({ missing: 0, walks: 1, put: undefined });
  });
});
