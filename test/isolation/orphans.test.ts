import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isThere } from './isolated.ts';

const supervisor = fileURLToPath(new URL('supervisor.ts', import.meta.url));

it('the processes of a supervisor that is killed end, also while a task keeps a thread', async () => {
  const child = spawn(process.execPath, ['--conditions=millpond-source', supervisor], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Closed when the last of them has ended.
  const said = text(child.stderr);
  const [line] = await once(createInterface(child.stdout), 'line');
  const pids: number[] = JSON.parse(line);
  expect(pids.length).toBe(2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => pids.filter(isThere)).toEqual([]);
  // It is no failure of theirs that nobody hears them any more.
  expect(await said).toBe('');
});
