import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scratch } from '../../audio/audio-files.ts';
import { soak } from './soak.ts';

const at = scratch();

test.runIf(existsSync('/proc/self/fd'))(
  'a service is left by all kinds of clients and by killed processes as it was',
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const lines: string[] = [`seed ${seed}`];
    const report = await soak({
      seconds: 20,
      spellSeconds: 3,
      seed,
      workDir: at('work'),
      say: (line) => lines.push(line),
    });
    expect(report.faults, lines.join('\n')).toEqual([]);
    expect(report.rests.length).toBeGreaterThan(1);
    expect(report.kills).toBeGreaterThan(0);
  },
);
