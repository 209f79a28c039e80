/**
 * What several batches get of the same hosts: of a minute by their weights, and when one that others go
 * before comes to its turn. By outputs that are there, which are all equally long.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { DEFAULT_PAGE } from '../../src/cluster/planner.ts';
import { RedisServer } from '../../test/cluster/redis.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { makeClips } from '../clips.ts';
import { COMMAND, firstToTake, startHosts, submit, withBroker } from '../cluster-hosts.ts';
import { significant } from '../rounds.ts';
import { atLeast, atMost } from '../targets.ts';

/** For each file that other benchmarks take: no batch comes to its end. */
const TIMES = 10;
/** Mono, 16 bits, 16 kHz: ten seconds, which are a tenth of a second of work as Opus. */
const SOUND_BYTES = 320_000;
const HOSTS = 2;
const WEIGHTS = [1, 2, 4];
const MINUTE_MS = 60_000;
/** Seconds of work of a page. */
const PAGES = [2, DEFAULT_PAGE.workSeconds];
/** What a batch gets of what is due to it. */
const MOST_TIMES = 1.5;
/** Beside a step: the page that runs, and the next question. */
const SLACK_SECONDS = 15;
const LOOK_MS = 50;
const SETTINGS = ['--to', 'opus', '--bitrate', '64k'];

const benchmark: Benchmark = {
  name: 'shares',
  question: 'What do several batches get of the same hosts?',
  run,
};
export default benchmark;

function run({ fileLimit, say }: Context): Promise<Table[]> {
  return withBroker('Shares of hosts', async (folder) => {
    makeClips(COMMAND, folder, fileLimit * TIMES, SOUND_BYTES);
    const tables: Table[] = [];
    for (const workSeconds of PAGES) tables.push(await byWeight(folder, workSeconds, say));
    return [...tables, await byPriority(folder, say)];
  });
}

async function byWeight(folder: string, workSeconds: number, say: Context['say']): Promise<Table> {
  const out = join(folder, 'shares');
  await using broker = await RedisServer.start();
  for (const weight of WEIGHTS) {
    const options = ['--weight', `${weight}`, '--page-work', `${workSeconds}`];
    await submit(broker, join(folder, 'in'), join(out, `${weight}`), [...SETTINGS, ...options]);
  }
  const hosts = startHosts(broker, HOSTS, 1);
  try {
    for (const host of hosts) await firstToTake([host]);
    const before = WEIGHTS.map((weight) => outputs(join(out, `${weight}`)));
    await pass(MINUTE_MS);
    const made = WEIGHTS.map((weight, at) => outputs(join(out, `${weight}`)) - before[at]);
    const pages = hosts.reduce((sum, { text }) => sum + (text.match(/taken/g)?.length ?? 0), 0);
    const all = made.reduce((sum, one) => sum + one, 0);
    const whole = WEIGHTS.reduce((sum, one) => sum + one, 0);
    const shares = WEIGHTS.map((weight, at) => made[at] / ((all * weight) / whole));
    say(`  pages of ${workSeconds} s: ${shares.map(significant).join(', ')}`);
    return {
      title: `A minute of ${HOSTS} hosts of a thread, pages of ${workSeconds} s, of which they took ${pages}`,
      columns: ['weight', 'files', 'times what was due'],
      rows: WEIGHTS.map((weight, at) => [weight, made[at], significant(shares[at])]),
      notes: [],
      targets: [
        atMost('the largest share', Math.max(...shares), MOST_TIMES, 'times what was due'),
        atLeast('the least', Math.min(...shares), significant(1 / MOST_TIMES), 'times what was due'),
      ],
    };
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    rmSync(out, { recursive: true, force: true });
  }
}

/** One that is a step higher goes before one that was submitted at the same time, for a minute. */
async function byPriority(folder: string, say: Context['say']): Promise<Table> {
  const out = join(folder, 'ageing');
  await using broker = await RedisServer.start();
  const inputs = join(folder, 'in');
  const submittedMs = performance.now();
  const low = await submit(broker, inputs, join(out, 'low'), [...SETTINGS]);
  const high = await submit(broker, inputs, join(out, 'high'), [...SETTINGS, '--priority', '1']);
  const hosts = startHosts(broker, HOSTS, 1);
  try {
    const taken = (id: string) => hosts.some(({ text }) => new RegExp(`of ${id}: taken`).test(text));
    while (!taken(low.id)) await pass(LOOK_MS);
    const seconds = (performance.now() - submittedMs) / 1000;
    if (!taken(high.id)) throw new Error('The batch of the higher priority was not first');
    const before = ['low', 'high'].map((name) => outputs(join(out, name)));
    say(`  the first page of the lower one was taken after ${seconds.toFixed(1)} s`);
    await pass(MINUTE_MS);
    const [lows, highs] = ['low', 'high'].map((name, at) => outputs(join(out, name)) - before[at]);
    return {
      title: 'Two batches, one of which is a step higher',
      columns: ['', ''],
      rows: [
        ['files of the higher one until the other comes to its turn', before[1]],
        ['files of the lower one until then', before[0]],
        ['seconds until then', significant(seconds)],
        ['files of the higher one in the minute from then on', highs],
        ['files of the lower one in it', lows],
      ],
      notes: ['A step of priority is a minute; from then on shares go by weight, which is the same.'],
      targets: [
        atLeast('it goes before', seconds, MINUTE_MS / 1000, 's'),
        atMost('and no longer than', seconds, MINUTE_MS / 1000 + SLACK_SECONDS, 's'),
        atMost('what one gets then', Math.max(highs / lows, lows / highs), MOST_TIMES, 'times the other'),
      ],
    };
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    rmSync(out, { recursive: true, force: true });
  }
}

function outputs(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.opus') && !name.startsWith('.'),
  ).length;
}
