/**
 * npm run bench -- [filter...] [options]
 *
 * Runs the benchmarks whose name holds one of the filters (all without one) and prints their tables.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MillpondError } from '../src/errors.ts';
import { type Context, formatTable, type Table } from './benchmark.ts';
import { checkout, describeMachine } from './machine.ts';
import { installPeers } from './peers.ts';
import analyze from './questions/analyze.bench.ts';
import batch from './questions/batch.bench.ts';
import burst from './questions/burst.bench.ts';
import cluster from './questions/cluster.bench.ts';
import dsp from './questions/dsp.bench.ts';
import idle from './questions/idle.bench.ts';
import isolate from './questions/isolate.bench.ts';
import kills from './questions/kills.bench.ts';
import memory from './questions/memory.bench.ts';
import pool from './questions/pool.bench.ts';
import recording from './questions/recording.bench.ts';
import report from './questions/report.bench.ts';
import runBenchmark from './questions/run.bench.ts';
import scaling from './questions/scaling.bench.ts';
import service from './questions/service.bench.ts';
import serviceOverload from './questions/service-overload.bench.ts';
import shards from './questions/shards.bench.ts';
import shares from './questions/shares.bench.ts';
import sizing, { requests, silent } from './questions/sizing.bench.ts';
import start from './questions/start.bench.ts';
import starve from './questions/starve.bench.ts';
import tags from './questions/tags.bench.ts';
import takeover from './questions/takeover.bench.ts';
import telemetry from './questions/telemetry.bench.ts';
import tenants from './questions/tenants.bench.ts';
import transfer from './questions/transfer.bench.ts';

const HELP = `Usage: npm run bench -- [filter...] [options]

  --rounds N     timed rounds of each contender, default 5
  --files N      most files in one batch, default 200
  --audio DIR    audio files to use, default $MILLPOND_AUDIO, else the piano notes of the demo
  --json         print the results as JSON on stdout instead of tables
  --peers        install the peers that come from npm into bench/.peers first
  --help

Results are kept in bench/results/. bench/README.md says how to read them.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    files: { type: 'string', default: '200' },
    audio: { type: 'string', default: process.env.MILLPOND_AUDIO },
    json: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
} else {
  if (values.peers) installPeers();
  await main();
}

async function main(): Promise<void> {
  const context: Context = {
    rounds: wholeNumber('--rounds', values.rounds),
    fileLimit: wholeNumber('--files', values.files),
    audio: values.audio,
    say: (line) => console.error(line),
  };
  const machine = describeMachine();
  const results: { name: string; question: string; tables: Table[] }[] = [];
  for (const { name, question, run } of [
    pool,
    telemetry,
    tenants,
    recording,
    transfer,
    starve,
    shards,
    runBenchmark,
    burst,
    dsp,
    analyze,
    batch,
    start,
    memory,
    scaling,
    sizing,
    silent,
    requests,
    idle,
    isolate,
    tags,
    takeover,
    service,
    serviceOverload,
    cluster,
    kills,
    shares,
    report,
  ]) {
    if (positionals.length > 0 && !positionals.some((filter) => name.includes(filter))) continue;
    context.say(`${name}: ${question}`);
    const tables = await run(context);
    results.push({ name, question, tables });
    if (!values.json) for (const table of tables) console.log(`\n${formatTable(table)}`);
  }

  const kept = { schema: 'millpond.bench/1', date: new Date().toISOString(), machine, results };
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  if (values.json) process.stdout.write(text);
  else {
    const { commit, node, cpu, cores, memoryGiB, system } = machine;
    console.log(`\n${commit}, Node ${node}, ${cores} x ${cpu}, ${memoryGiB} GiB, ${system}`);
  }
  const folder = join(checkout, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${kept.date.replaceAll(':', '-')}-${machine.commit}.json`);
  writeFileSync(file, text);
  context.say(`kept in ${file}`);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${name} is a whole number from 1, got '${text}'. Write for example ${name} 5.`,
  );
}
