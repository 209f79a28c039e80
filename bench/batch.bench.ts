/** Whole batches, whole processes: millpond against ffmpeg under xargs, two at a time. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { Benchmark, Context, Table } from './benchmark.ts';
import { checkout } from './machine.ts';
import { findFfmpegs, type Peer } from './peers.ts';
import { type Facts, probe } from './probe.ts';
import { type Batch, chooseBatches } from './recordings.ts';
import { interleave, significant } from './rounds.ts';

const THREADS = 2;
const BITRATE = '64k';
const LARGEST_VORBIS_BLOCK = 8192;
/** A LAME tag counts the end padding less this decoder delay and not below 0, so it may say so much too little. */
const MP3_DECODER_DELAY = 529;

/** The same work in each one's words. */
const FFMPEG_OPTIONS = {
  mp3: ['-c:a', 'libmp3lame', '-b:a', BITRATE],
  flac: ['-c:a', 'flac', '-sample_fmt', 's16'],
};
const MILLPOND_OPTIONS = {
  mp3: ['--to', 'mp3', '--bitrate', BITRATE],
  flac: ['--to', 'flac', '--bits', '16'],
};

interface Contender {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Standard input, where the program reads one. */
  readonly list: string | undefined;
  readonly out: string;
}

const benchmark: Benchmark = {
  name: 'batch',
  question: `How long does a batch take, from start to exit, beside ffmpeg under xargs -P${THREADS}?`,
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  // What users install: compiled JavaScript, not the checkout's TypeScript.
  execFileSync('npm', ['run', '-s', 'build'], { cwd: checkout, stdio: ['ignore', 2, 2] });
  const peers = findFfmpegs();
  const tables: Table[] = [];
  for (const batch of chooseBatches(context.audio, context.fileLimit)) {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
    try {
      tables.push(await runBatch(batch, peers, folder, context));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return tables;
}

async function runBatch(
  batch: Batch,
  peers: readonly Peer[],
  folder: string,
  context: Context,
): Promise<Table> {
  const inputs = gather(batch, join(folder, 'in'));
  const contenders = [
    millpond(batch, folder),
    ...peers
      .filter(({ version }) => version !== undefined)
      .map((peer, index) => underXargs(peer, batch, inputs, join(folder, `peer-${index}`))),
  ];
  const spreads = await interleave(contenders, context.rounds, async (contender, round) => {
    rmSync(contender.out, { recursive: true, force: true });
    mkdirSync(contender.out);
    const startMs = performance.now();
    await execute(contender);
    const milliseconds = performance.now() - startMs;
    context.say(`  ${batch.title}, round ${round + 1}: ${contender.name} ${milliseconds.toFixed(0)} ms`);
    return milliseconds;
  });
  const findings = verify(batch, inputs, contenders);

  const [ours] = spreads;
  const rows: (string | number)[][] = contenders.map(({ name }, index) => {
    const { median, least, most } = spreads[index];
    const ratio = index === 0 ? '' : `${significant(median / ours.median)} x`;
    return [name, ...[median, least, most].map((ms) => significant(ms / 1000)), ratio];
  });
  for (const { name, version, remedy } of peers) {
    if (version === undefined) rows.push([`${name}: not found`, '', '', '', `get it: ${remedy}`]);
  }
  return {
    title: `${batch.title}: ${inputs.length} files (s, whole processes)`,
    columns: ['', 'median', 'least', 'most', 'beside millpond'],
    rows,
    notes: [
      `Medians of ${context.rounds} interleaved rounds; over 1 x millpond was quicker, under 1 x the other.`,
      ...findings,
      ...peers.flatMap(({ name, version }) => (version === undefined ? [] : [`${name}: ${version}`])),
    ],
  };
}

/** All recordings in one flat folder, as links under names that cannot clash. Reading each also warms the cache. */
function gather(batch: Batch, folder: string): string[] {
  mkdirSync(folder);
  return batch.recordings.map(({ file }, index) => {
    const link = join(folder, `${String(index).padStart(4, '0')}-${basename(file)}`);
    readFileSync(file);
    try {
      linkSync(file, link);
    } catch {
      symlinkSync(file, link); // another file system
    }
    return link;
  });
}

function millpond(batch: Batch, folder: string): Contender {
  const out = join(folder, 'millpond');
  return {
    name: `millpond --threads ${THREADS}`,
    program: process.execPath,
    args: [
      join(checkout, 'dist', 'src', 'cli', 'bin.js'),
      ...['transcode', join(folder, 'in'), ...MILLPOND_OPTIONS[batch.to], '--out', out],
      ...['--threads', String(THREADS), '--quiet'],
    ],
    list: undefined,
    out,
  };
}

/** xargs is given `INPUT option... OUTPUT` for each process, so that no shell comes between. */
function underXargs(peer: Peer, batch: Batch, inputs: readonly string[], out: string): Contender {
  const options = FFMPEG_OPTIONS[batch.to];
  const list = `${out}.list`;
  const words = inputs.flatMap((input) => [input, ...options, outputOf(input, batch, out)]);
  writeFileSync(list, words.map((word) => `${word}\0`).join(''));
  return {
    name: `${peer.name}, xargs -P${THREADS}`,
    program: 'xargs',
    args: [
      ...['-0', '-P', String(THREADS), '-n', String(options.length + 2)],
      ...[peer.program, '-nostdin', '-v', 'error', '-y', '-i'],
    ],
    list,
    out,
  };
}

function outputOf(input: string, batch: Batch, out: string): string {
  return join(out, `${basename(input, extname(input))}.${batch.to}`);
}

function execute({ name, program, args, list }: Contender): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, args, { stdio: [list === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr!.on('data', (chunk) => {
    complaints += chunk;
  });
  child.on('error', reject);
  child.on('close', (status) => {
    if (status === 0) resolve();
    else reject(new Error(`${name} ended with ${status}: ${complaints.slice(0, 2000)}`));
  });
  if (list !== undefined) child.stdin!.end(readFileSync(list));
  return promise;
}

/**
 * A quicker contender that did less work would be no news: every output must have the rate, channels and frames of its
 * source, and the depth that was asked for. What MP3 tags cannot say is allowed to all. Some versions of ffmpeg do not
 * trim the end of Vorbis; that is allowed to the peers, and told.
 * @returns notes
 */
function verify(batch: Batch, inputs: readonly string[], contenders: readonly Contender[]): string[] {
  const untrimmed = new Map<string, number>();
  for (const input of inputs) {
    const source = probe(input);
    assert.ok(source !== undefined, `${basename(input)} is not a recording that the benchmark can judge`);
    const wanted = {
      codec: batch.to,
      rate: source.rate,
      channels: source.channels,
      bits: batch.to === 'flac' ? 16 : undefined,
    };
    const unsaid = batch.to === 'mp3' ? MP3_DECODER_DELAY : 0;
    const untrimmable = source.codec === 'vorbis' ? LARGEST_VORBIS_BLOCK : 0;
    for (const [index, { name, out }] of contenders.entries()) {
      const claim = `${name} made of ${basename(input)} something else than was asked for`;
      const output: Facts | undefined = probe(outputOf(input, batch, out));
      assert.ok(output !== undefined, claim);
      const { frames, ...format } = output;
      assert.deepEqual(format, wanted, claim);
      const excess: number = frames - source.frames;
      const allowed = unsaid + (index === 0 ? 0 : untrimmable);
      assert.ok(excess >= 0 && excess <= allowed, `${claim}: ${frames} frames of ${source.frames}`);
      if (excess > unsaid) untrimmed.set(name, (untrimmed.get(name) ?? 0) + 1);
    }
  }
  const lapses = Array.from(
    untrimmed,
    ([name, count]) => `But ${name} did not trim the end of ${count} files.`,
  );
  return ['Codec, rate, channels, bits and frames of every output are those of its source.', ...lapses];
}
