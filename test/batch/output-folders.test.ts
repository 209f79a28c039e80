import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OutputFolders } from '../../src/batch/output-folders.ts';
import { createOutput } from '../../src/files/whole-file.ts';

const wholeFile = new URL('../../src/files/whole-file.ts', import.meta.url).href;

it('of a process that is gone what it left goes from every folder, and of one that lives nothing', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millpond-folders-'));
  const told: string[] = [];
  const folders = new OutputFolders((folder) => told.push(folder));
  const [a, b] = [join(root, 'a'), join(root, 'b', 'c')];
  for (const folder of [a, b, a]) await folders.make(folder);
  expect(told).toEqual([a, b]);
  const own = createOutput(join(a, 'own'));
  const code = `const { createOutput } = await import(${JSON.stringify(wholeFile)});
    for (const path of process.argv.slice(1)) createOutput(path);
    console.log('there');
    setInterval(() => {}, 1000);`;
  const script = ['--input-type=module', '--conditions=millpond-source', '-e', code];
  const child = spawn(process.execPath, [...script, join(a, 'x'), join(b, 'y')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    folders.sweepDead();
    expect([readdirSync(a).length, readdirSync(b).length]).toEqual([2, 1]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    folders.sweepDead();
    expect([readdirSync(a).length, readdirSync(b).length]).toEqual([1, 0]);
  } finally {
    child.kill('SIGKILL');
    own.discard();
    rmSync(root, { recursive: true, force: true });
  }
});
