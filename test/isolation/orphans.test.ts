import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isThere } from './isolated.ts';

const supervisor = fileURLToPath(new URL('supervisor.ts', import.meta.url));

it('the processes of a supervisor that is killed end, also while a task keeps a thread', async () => {
  const child = spawn(process.execPath, ['--conditions=millpond-source', supervisor], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const pids: number[] = JSON.parse(line);
  expect(pids.length).toBe(2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => pids.filter(isThere)).toEqual([]);
});
