/** Run inside a control group by cgroup.test.ts: says what it knows of its limits, as one line of JSON. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CpuLoad } from '../../src/sizing/cpu-load.ts';
import { type ProcessMemory, readProcessMemory } from '../../src/sizing/process-memory.ts';

export interface Limited {
  readonly cores: number;
  /** The load of the process once a spinning thread has come near to what it may have, or did not in a long time. */
  readonly busyShare: number;
  readonly before: ProcessMemory;
  /** With 128 MiB of files in the cache, each used twice. */
  readonly withCache: ProcessMemory;
  /** And with 128 MiB of its own. */
  readonly withMemory: ProcessMemory;
}

const FILES = 128;
const megabyte = new Uint8Array(2 ** 20).fill(1);

const before = readProcessMemory();

// Not /tmp, which may be memory itself.
const folder = mkdtempSync('/var/tmp/millpond-');
try {
  for (const [flags, use] of [
    ['w', writeSync],
    ['r', readSync],
    ['r', readSync],
  ] as const) {
    for (let file = 0; file < FILES; file++) {
      const descriptor = openSync(join(folder, `${file}`), flags);
      use(descriptor, megabyte);
      closeSync(descriptor);
    }
  }
  const withCache = readProcessMemory();

  const held = Array.from({ length: 128 }, () => megabyte.slice());
  const withMemory = readProcessMemory();

  const load = new CpuLoad();
  load.sample([]);
  for (let rounds = 0; rounds < 200 && !(load.processShare! > 0.9); rounds++) {
    for (let spins = 0; spins < 1e8; spins++);
    load.sample([]);
  }
  const { cores } = load.snapshot();
  const result: Limited = { cores, busyShare: load.processShare!, before, withCache, withMemory };
  console.log(JSON.stringify(result));
  held.length = 0; // held until here
} finally {
  rmSync(folder, { recursive: true });
}
