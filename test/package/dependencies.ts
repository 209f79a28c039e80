/**
 * `npm run -s dependencies [file]`: makes a bill of materials of what users install, looks that it is whole,
 * and asks the registry for known holes. Ends with 1 where something is missing, or a hole is grave. The bill
 * goes into the file, where one is named.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { broughtBy, GATHERED, readLock } from '../docs/licences.ts';
import { billOf, judgeAudit } from './judge-dependencies.ts';

const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** Where it fails its answer says so. */
function npm(...args: string[]): string {
  return (
    spawnSync('npm', args, { cwd: checkout, encoding: 'utf8', maxBuffer: MOST_OUTPUT_BYTES }).stdout ?? ''
  );
}

const lock = readLock();
const installed = broughtBy(lock).filter(({ place }) => existsSync(join(checkout, place)));
const gathered = Object.keys(GATHERED).map((name) => {
  return { name, version: lock.packages[`node_modules/${name}`].version };
});
const bill = billOf(npm('sbom', '--sbom-format=cyclonedx'), [...installed, ...gathered]);
const [, , file] = process.argv;
if (file !== undefined && bill.bill !== null) writeFileSync(file, bill.bill);
// No second try and no long wait: what a registry that is silent would say is not worth minutes.
const audit = npm('audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000');
for (const { text, fails } of [bill, judgeAudit(audit)]) {
  process.stdout.write(`${text}\n`);
  if (fails) process.exitCode = 1;
}
