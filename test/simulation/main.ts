/**
 * npm run simulate -- [--schedules N] [--seed S] [--shards K] [--world W] [--whole]
 * npm run simulate -- --policy [TRACE] [--seconds N]
 *
 * Plays schedules, in every world unless one is named, and prints how many; on a failure its seed, its
 * decisions and how to see it again (`--whole`: without making it smaller first). Ends with 1 then.
 * With `--policy` it plays the sizing policies instead: all traces in a line each, or one as a plot, or its
 * first N seconds.
 */
import { parseArgs } from 'node:util';
import { simulate } from './run.ts';
import { WORLDS, type WorldName } from './worlds.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schedules: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    shards: { type: 'string' },
    world: { type: 'string' },
    whole: { type: 'boolean', default: false },
    policy: { type: 'boolean', default: false },
    seconds: { type: 'string' },
  },
});
const [schedules, seed] = [values.schedules, values.seed].map(Number);
const names = values.world === undefined ? (Object.keys(WORLDS) as WorldName[]) : [values.world as WorldName];
/** So many in a world before the next has its turn, so that a failure of any kind shows early. */
const ROUND = 500;

if (values.policy) {
  const { showPolicy } = await import('../regulation/show.ts');
  process.exitCode = showPolicy(
    positionals[0],
    values.seconds === undefined ? undefined : Number(values.seconds),
  );
} else {
  console.log(`playing ${schedules} schedules from seed ${seed} on in ${names.join(', ')}`);
  await play();
}

async function play(): Promise<void> {
  for (let done = 0, at = 0; done < schedules; done += ROUND, at++) {
    const name = names[at % names.length];
    const world = WORLDS[name];
    const workers = Number(values.shards ?? world.workers);
    const budgetKib = Math.ceil((world.budgetKib * workers) / world.workers);
    const failure = await simulate(
      Math.min(ROUND, schedules - done),
      seed + done,
      { ...world, workers, budgetKib },
      !values.whole,
    );
    if (failure === null) continue;
    console.log(`seed ${failure.seed} fails in ${name}, in ${failure.choices.length} decisions:`);
    console.log(failure.error.stack);
    console.log(`decisions: ${failure.choices.join(' ')}`);
    console.log(
      `again: npm run simulate -- --schedules 1 --seed ${failure.seed} --world ${name} --shards ${workers}`,
    );
    process.exitCode = 1;
    return;
  }
  console.log(`${schedules} schedules kept every promise`);
}
