/** A service for a test file, over real sockets, with real processes behind it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import type { ServiceOptions } from '../../src/service/options.ts';
import { createService } from '../../src/service/service.ts';

type Service = Awaited<ReturnType<typeof createService>>;

interface Serving {
  readonly service: Service;
  readonly url: string;
  readonly workDir: string;
}

/** Started before the tests of the file, and closed behind them: nothing may be left of it then. */
export function serving(options: Partial<ServiceOptions> = {}): Serving {
  const served: { service?: Service; workDir?: string } = {};
  beforeAll(async () => {
    served.workDir = mkdtempSync(join(tmpdir(), 'millpond-service-'));
    served.service = await createService(
      { port: 0, threads: 2, budgetBytes: 100 * MiB, workDir: served.workDir, logLevel: 'error', ...options },
      // One for the whole run of the tests.
      process.env.NODE_COMPILE_CACHE ?? null,
    );
  });
  afterAll(async () => {
    const report = await served.service?.close();
    rmSync(served.workDir as string, { recursive: true, force: true });
    if (report !== undefined && report.endBytes !== 0) throw new Error(`${report.endBytes} bytes were left`);
  });
  return {
    get service() {
      return served.service as Service;
    },
    get url() {
      return (served.service as Service).url;
    },
    get workDir() {
      return served.workDir as string;
    },
  };
}
