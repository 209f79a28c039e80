/** What it costs that tags and a cover go with the sound. Whole processes, start and end included. */
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { interleave, significant } from '../rounds.ts';
import { noSlower } from '../targets.ts';
import { compile, millpond, transcodeAll } from '../transcoders.ts';
import { gather } from './batch.bench.ts';

const THREADS = 2;
/** Beside the same files without. */
const TIMES = 1.1;
const PICTURE_BYTES = 70 * 1024;
const FIELDS = 12;
const TITLE = 'Title of the batch';
const STREAMINFO_END = 42;

const benchmark: Benchmark = {
  name: 'tags',
  question: `What does it cost a batch that its files carry ${FIELDS} fields and a cover of 70 KB?`,
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  const batch = chooseBatches(context.audio, context.fileLimit)[0];
  if (batch === undefined) return [];
  compile();
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    await makeInputs(batch, folder);
    const tables: Table[] = [];
    for (const to of ['mp3', 'flac'] as const) tables.push(await runBatch({ ...batch, to }, folder, context));
    return tables;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The sound of the batch as FLAC, which carries nothing, and the same with tags. */
async function makeInputs(batch: Batch, folder: string): Promise<void> {
  const raw = join(folder, 'raw');
  const plain = join(folder, 'plain', 'in');
  const tagged = join(folder, 'tagged', 'in');
  for (const each of [raw, plain, tagged]) mkdirSync(each, { recursive: true });
  gather(batch, join(raw, 'in'));
  const made = millpond({ ...batch, to: 'flac' }, raw, THREADS);
  await transcodeAll(made);
  for (const name of flacsIn(made.out)) {
    const bytes = readFileSync(join(made.out, name));
    writeFileSync(join(plain, name), withBlocks(bytes, []));
    writeFileSync(join(tagged, name), withBlocks(bytes, [comments(), picture()]));
  }
}

async function runBatch(batch: Batch, folder: string, context: Context): Promise<Table> {
  const names = ['plain', 'tagged'] as const;
  const [plain, tagged] = names.map((name) => millpond(batch, join(folder, name), THREADS));
  const [without, carried] = await interleave([plain, tagged], context.rounds, (contender) =>
    transcodeAll(contender),
  );
  verify(batch, plain.out, tagged.out);
  const row = (what: string, { median, least, most }: typeof without) => [
    what,
    ...[median, least, most].map(significant),
    `${significant(median / without.median)} x`,
  ];
  return {
    title: `FLAC to ${batch.to}: ${batch.files.length} files (ms, whole processes)`,
    columns: ['', 'median', 'least', 'most', 'beside none'],
    rows: [row('without tags', without), row(`${FIELDS} fields and a cover`, carried)],
    notes: [
      `Medians of ${context.rounds} interleaved rounds.`,
      'Every output has the fields and the very bytes of the picture.',
    ],
    targets: [noSlower(`to ${batch.to}, beside the same without tags`, carried, without, TIMES)],
  };
}

function verify({ to, files }: Batch, plain: string, tagged: string): void {
  const names = readdirSync(tagged).filter((name) => name.endsWith(`.${to}`));
  assert.equal(names.length, files.length);
  for (const name of names) {
    const bytes = readFileSync(join(tagged, name));
    assert.ok(bytes.includes(PICTURE) && bytes.includes(TITLE), `${name} lost its tags`);
    const least = readFileSync(join(plain, name)).length + PICTURE.length;
    assert.ok(bytes.length > least, `${name} lost some of its sound`);
  }
}

function flacsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.flac'));
}

/** With these blocks of metadata and no others. */
function withBlocks(flac: Buffer, blocks: readonly Buffer[]): Buffer {
  let at = STREAMINFO_END;
  for (let last = false; !last; ) {
    last = flac[at] >= 0x80;
    at += 4 + flac.readUIntBE(at + 1, 3);
  }
  return Buffer.concat([
    flac.subarray(0, STREAMINFO_END),
    ...blocks,
    block(0x81, Buffer.alloc(1024)),
    flac.subarray(at),
  ]);
}

function block(type: number, body: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0]);
  head.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([head, body]);
}

function comments(): Buffer {
  const keys = ['TITLE', 'ARTIST', 'ALBUM', 'ALBUMARTIST', 'TRACKNUMBER', 'TRACKTOTAL'];
  keys.push('DISCNUMBER', 'DATE', 'GENRE', 'COMMENT', 'COMPOSER', 'COPYRIGHT');
  const values = keys.map((key, at) => `${key}=${at === 0 ? TITLE : at + 1}`);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(FIELDS);
  return block(4, Buffer.concat([counted('bench'), count, ...values.map(counted)]));
}

function counted(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** Noise behind the head of a JPEG: nothing looks further. */
const PICTURE = Buffer.alloc(PICTURE_BYTES);
for (let at = 0, value = 1; at < PICTURE.length; at++) {
  value = (value * 16_807) % 2_147_483_647;
  PICTURE[at] = value;
}
PICTURE.set([0xff, 0xd8, 0xff, 0xe0]);

function picture(): Buffer {
  const mime = Buffer.from('image/jpeg');
  const numbers = [3, mime.length].map(big);
  const form = [0, 0, 0, 0, 0, PICTURE.length].map(big);
  return block(6, Buffer.concat([...numbers, mime, ...form, PICTURE]));
}

function big(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
