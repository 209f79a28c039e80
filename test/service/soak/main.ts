/** `npm run soak -- --minutes N [--seed S]`: as long as you like; fails where anything rises or is wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const SPELL_S = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  throw new RangeError('--minutes is a number above 0, --seed is a whole one.');
}
console.log({ minutes, seed });
const workDir = mkdtempSync(join(tmpdir(), 'millpond-soak-'));
const report = await soak({
  seconds: minutes * 60,
  spellSeconds: SPELL_S,
  seed,
  workDir,
  say: (line) => console.error(line),
});
rmSync(workDir, { recursive: true, force: true });
console.log(report.outcomes);
console.table(report.rises);
console.log(`${report.rests.length} rests, ${report.kills} processes killed`);
for (const fault of report.faults) console.error(fault);
process.exitCode = report.faults.length === 0 ? 0 : 1;
