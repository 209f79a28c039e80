/** Run inside a control group by cgroup.test.ts: says what it knows of its limits, as one line of JSON. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import { type ProcessMemory, readProcessMemory } from '../../src/machine/process-memory.ts';

export interface Limited {
  readonly cores: number;
  /** The load of the process with one thread that spins until it is over 0.8. */
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
let withCache: ProcessMemory;
let withMemory: ProcessMemory;
try {
  for (const use of ['write', 'read', 'read again']) {
    for (let file = 0; file < FILES; file++) {
      const descriptor = openSync(join(folder, `${file}`), use === 'write' ? 'w' : 'r');
      if (use === 'write') writeSync(descriptor, megabyte);
      else readSync(descriptor, megabyte);
      closeSync(descriptor);
    }
  }
  withCache = readProcessMemory();
  const held = Array.from({ length: 128 }, () => megabyte.slice());
  withMemory = readProcessMemory();
  held.length = 0; // held until here
} finally {
  rmSync(folder, { recursive: true });
}

const load = new CpuLoad();
load.sample([]);
while (!(load.processShare! > 0.8)) {
  for (let spins = 0; spins < 1e7; spins++);
  load.sample([]);
}
const { cores } = load.snapshot();
const result: Limited = { cores, busyShare: load.processShare!, before, withCache, withMemory };
console.log(JSON.stringify(result));
