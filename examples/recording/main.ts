/**
 * Records a run, for `millpond report`.
 *
 *     node main.ts run.millpond
 */
import { createRuntime } from 'millpond';

const [path] = process.argv.slice(2);
await using runtime = await createRuntime({
  job: new URL('./mix.ts', import.meta.url),
  threads: 2,
  record: { path, label: 'mixing' },
});
await Promise.all(Array.from({ length: 20 }, (_, at) => runtime.run(4, { name: `mix ${at}` })));
