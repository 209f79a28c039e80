import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { register, unregister } from '../../src/telemetry/prometheus.ts';
import { readExposition, sampleOf } from './exposition.ts';
import { snapshotWith } from './snapshot-fixture.ts';

describe('a registry', () => {
  it('shows exact totals at each reading, however often it is read', async () => {
    let leaks = 3;
    const registry = register({ snapshot: () => snapshotWith({ leaks }) });
    const read = async () =>
      sampleOf(readExposition(await registry.metrics()), 'millpond_leaked_leases_total');
    expect([await read(), await read()]).toEqual([3, 3]);
    leaks = 5;
    expect(await read()).toBe(5);
  });

  it('takes one snapshot for a whole reading', async () => {
    let taken = 0;
    const registry = register({
      snapshot() {
        taken++;
        return snapshotWith();
      },
    });
    await registry.metrics();
    expect(taken).toBe(1);
    await registry.metrics();
    expect(taken).toBe(2);
  });

  it('forgets the shards that are gone', async () => {
    let shards = snapshotWith().shards;
    const registry = register({ snapshot: () => snapshotWith({ shards }) });
    await registry.metrics();
    shards = shards.slice(0, 1);
    const charged = readExposition(await registry.metrics()).find(
      ({ name }) => name === 'millpond_shard_charged_bytes',
    );
    expect(charged?.samples.map(({ labels }) => labels.shard)).toEqual(['0']);
  });

  it('may be one that has other metrics and labels for all', async () => {
    const mine = new Registry();
    mine.setDefaultLabels({ service: 'mill' });
    new Counter({ name: 'my_total', help: 'Mine.', registers: [mine] }).inc(2);
    expect(register({ snapshot: () => snapshotWith() }, mine)).toBe(mine);
    const read = readExposition(await mine.metrics());
    expect(sampleOf(read, 'my_total', { service: 'mill' })).toBe(2);
    expect(sampleOf(read, 'millpond_threads', { service: 'mill' })).toBe(2);
  });

  it('takes any number of runtimes, told apart by a label', async () => {
    const registry = new Registry();
    const runtimes = [5, 7, 9].map((leaks) => ({ snapshot: () => snapshotWith({ leaks }) }));
    register(runtimes[0], registry);
    register(runtimes[1], registry, { runtime: 'uploads' });
    register(runtimes[2], registry, { runtime: 'previews' });
    const read = async () => {
      const families = readExposition(await registry.metrics());
      const leaks = families.find(({ name }) => name === 'millpond_leaked_leases_total');
      return leaks?.samples.map(({ labels, value }) => [labels, value]);
    };
    expect(await read()).toEqual([
      [{}, 5],
      [{ runtime: 'uploads' }, 7],
      [{ runtime: 'previews' }, 9],
    ]);
    // Summaries, too.
    const text = await registry.metrics();
    const counts = (label: string): number =>
      text.match(new RegExp(`_count.*runtime="${label}"`, 'g'))?.length ?? 0;
    expect(counts('uploads')).toBeGreaterThan(5);
    expect(counts('previews')).toBe(counts('uploads'));

    unregister(runtimes[1], registry);
    expect((await read())?.map(([labels]) => labels)).toEqual([{}, { runtime: 'previews' }]);
    registry.clear();
    register(runtimes[1], registry);
    expect(await read()).toEqual([[{}, 7]]);
  });

  it.each([
    ['no label', {}, 'it has one without a label'],
    ['a label', { runtime: 'a' }, "'a' is taken"],
  ])('refuses a second runtime with %s', (_what, options, message) => {
    const source = { snapshot: () => snapshotWith() };
    const registry = register(source, undefined, options);
    const refused = expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    expect(() => register(source, registry, options)).toThrow(refused);
  });
});
