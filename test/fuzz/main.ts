/**
 * `npm run fuzz -- [--minutes N] [--seed S] [--format F] [--threads N] [--corpus DIR]`: as long as you like,
 * with another seed each time. What breaks a rule is made as small as it gets, and kept in
 * test/fuzz/findings.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nowMs } from '../../src/timers.ts';
import { Campaign, type Finding, hostileFile } from './campaign.ts';
import { Counts } from './counts.ts';
import { minimised } from './minimise.ts';
import { filesOf, keptFiles, madeFiles } from './seeds.ts';

const FINDINGS = new URL('findings/', import.meta.url).pathname;
/** Findings after which something is so wrong that more would only repeat it. */
const MOST_FINDINGS = 200;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    threads: { type: 'string', default: '1' },
    format: { type: 'string', default: '' },
    corpus: { type: 'string' },
  },
});
const [minutes, seed, threads] = [values.minutes, values.seed, values.threads].map(Number);
if (!(minutes > 0 && threads >= 1 && Number.isSafeInteger(seed) && Number.isSafeInteger(threads))) {
  throw new RangeError('--minutes is over 0, --seed and --threads are whole numbers.');
}

const scratch = mkdtempSync(join(tmpdir(), 'millpond-fuzz-'));
const corpus = values.corpus === undefined ? [] : filesOf(values.corpus);
const honest = [...madeFiles(scratch), ...keptFiles(), ...corpus].filter(({ name }) =>
  name.includes(values.format),
);
rmSync(scratch, { recursive: true });
if (honest.length === 0)
  throw new RangeError(`--format ${values.format}: no honest file has it in its name.`);
console.log({ seed, minutes, threads, honest: honest.length });

const counts = new Counts();
const until = nowMs() + minutes * 60_000;
let next = 0;
await Promise.all(Array.from({ length: threads }, work));
console.log(counts.text());
process.exitCode = counts.findings > 0 ? 1 : 0;

async function work(): Promise<void> {
  const campaign = new Campaign();
  while (nowMs() < until && counts.findings < MOST_FINDINGS) {
    const hostile = hostileFile(honest, seed, next++);
    const verdict = await campaign.try(hostile);
    counts.add(hostile, verdict);
    if (verdict.broken.length > 0) await keep(campaign, { ...hostile, broken: verdict.broken });
    if (counts.files % 1000 === 0) console.log(`${counts.files} files, ${counts.findings} findings`);
  }
  const broken = await campaign.close();
  if (broken.length > 0) console.log('At the end of a process:', broken);
}

/** As small as it gets, with what made it. */
async function keep(
  campaign: Campaign,
  { number, honest, done, bytes, settings, broken }: Finding,
): Promise<void> {
  console.log(`file ${number} of seed ${seed}: ${honest}, ${done.join(', ')}, to ${settings.to}`, broken);
  const kinds = broken.map(kindOf);
  const small = await minimised(bytes, async (less) => {
    const { broken } = await campaign.try({ bytes: less, settings });
    return broken.map(kindOf).some((kind) => kinds.includes(kind));
  });
  const name = createHash('sha256').update(small).digest('hex').slice(0, 12);
  mkdirSync(FINDINGS, { recursive: true });
  writeFileSync(join(FINDINGS, `${name}.bin`), small);
  const origin = { seed, number, honest, done: done.join(', '), bytes: bytes.length };
  // Where the code lay is of no use to others.
  const kept = { settings, broken: broken.map((text) => text.split('\n')[0]), origin };
  writeFileSync(join(FINDINGS, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  console.log(`kept as ${name}, ${small.length} of ${bytes.length} bytes`);
}

/** What is broken, without its figures. */
function kindOf(broken: string): string {
  return broken.replace(/[:,].*/s, '');
}
