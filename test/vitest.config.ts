import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Real workers and real codecs: two test files at a time are as many as two cores carry.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['millpond-source'] },
  ssr: { resolve: { conditions: ['millpond-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--expose-gc', '--conditions=millpond-source'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/reporter.ts'],
  },
});
