import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('giving up ends the process by the signal that came, whatever still runs', () => {
  const file = fileURLToPath(new URL('interrupt-process.ts', import.meta.url));
  const { signal, stderr } = spawnSync(process.execPath, ['--conditions=millpond-source', file]);
  expect([signal, String(stderr)]).toEqual(['SIGTERM', expect.stringContaining('millpond: stopping')]);
});
