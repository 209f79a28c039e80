/**
 * A transcoding service: HTTP, admission and spool in this process, the work in others. Owns the life of its
 * parts, on the thread that made it. This process loads no FFmpeg and starts no thread.
 */
import type { AddressInfo, Socket } from 'node:net';
import { engineFingerprint } from '../batch/engine-fingerprint.ts';
import { createIsolatedRunner, type IsolatedRunner } from '../isolation/isolated-runner.ts';
import type { IsolatedOptions } from '../isolation/options.ts';
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';
import { Admission } from './admission/admission.ts';
import { ADMISSION_DEFAULTS } from './admission/settings.ts';
import { createApp } from './app.ts';
import { LeaseShare } from './lease-share.ts';
import { Makings } from './makings.ts';
import { ServiceMetrics } from './metrics.ts';
import { OpenRequests } from './open-requests.ts';
import { resolveServiceOptions, type ServiceOptions, type ServiceSettings } from './options.ts';
import { OwnCores, ownCpuMs } from './own-cores.ts';
import { load, needPeers } from './peers.ts';
import { createRequestLog } from './request-log.ts';
import { Results } from './results.ts';
import { describedRoutes, describeRoutes } from './routes/openapi.ts';
import { resultRoutes } from './routes/results.ts';
import { watchingRoutes } from './routes/watching.ts';
import { workRoutes } from './routes/work.ts';
import { Turns } from './turns.ts';
import { WorkDir } from './work-dir.ts';

/** The front answers while the processes have all cores: it needs little of them, and needs it at once. */
const NICE = 5;

interface Service extends AsyncDisposable {
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The processes behind it. */
  readonly pids: readonly number[];
  /**
   * Takes no new work, finishes what was accepted within `drainMs`, and leaves. Safe to call again.
   * @returns what was left: 0 bytes
   */
  close(): Promise<ServiceReport>;
}

interface ServiceReport {
  /** Bytes of memory and of the work directory that were held at the end: 0. */
  readonly endBytes: number;
  /** Requests that were cut off since they had not ended in time. */
  readonly cut: number;
}

/**
 * Starts a service, and resolves when it takes work.
 * @param cacheFolder of the user's own, for what is found out about the engine; null for none
 * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL`, `ERR_PEER_MISSING`,
 * `ERR_OUTPUT_WRITE`, `ERR_WORKER_BOOTSTRAP`; what the system says of an address that cannot be had
 */
export async function createService(
  options: ServiceOptions = {},
  cacheFolder: string | null = null,
): Promise<Service> {
  const settings = resolveServiceOptions(options);
  needPeers();
  const workDir = new WorkDir(settings.workDir, settings.workDirBytes);
  const [runner, engine] = await Promise.all([startRunner(settings), engineFingerprint(cacheFolder)]);
  try {
    return await listen({ settings, workDir, runner, engine });
  } catch (error) {
    await runner.close();
    throw error;
  }
}

function startRunner(settings: ServiceSettings): Promise<IsolatedRunner> {
  const { allThreads, processes, budgetBytes, ownBytes, workDir, log, logLevel } = settings;
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const job = (name: string): URL => new URL(`../../workers/${name}${extension}`, import.meta.url);
  const options: IsolatedOptions = {
    jobs: { transcode: job('transcode-into'), analyze: job('analyze') },
    threads: allThreads,
    processes,
    budgetBytes,
    ownBytes,
    spoolFolder: workDir,
    sampleEvery: 1,
    nice: NICE,
    ffmpegLog: logLevel ?? 'warn',
    ...(log !== undefined && { log }),
    ...(logLevel !== undefined && { logLevel }),
  };
  return createIsolatedRunner(options);
}

interface Parts {
  readonly settings: ServiceSettings;
  readonly workDir: WorkDir;
  readonly runner: IsolatedRunner;
  readonly engine: string;
}

async function listen({ settings, workDir, runner, engine }: Parts): Promise<Service> {
  const weights = new Map(settings.clients.map(({ name, weight = 1 }) => [name, weight]));
  const admission = new Admission(
    {
      ...ADMISSION_DEFAULTS,
      cores: settings.threads,
      shortMs: settings.shortMs,
      mostEntries: settings.maxRequests,
      mostBytes: settings.workDirBytes,
      weightOf: (client) => weights.get(client) ?? 1,
      random: Math.random,
    },
    nowMs(),
  );
  const own = new OwnCores(ownCpuMs, nowMs());
  const turns = new Turns(admission, (atMs) => own.at(atMs));
  const memory = new LeaseShare(runner.pool, settings.ownBytes / 2);
  const bodies = new LeaseShare(runner.pool, settings.ownBytes / 2);
  const results = new Results(settings.resultMs);
  workDir.onShort((bytes) => {
    const goal = workDir.usedBytes - bytes;
    results.shrink(() => workDir.usedBytes > goal);
  });
  const makings = new Makings(results);
  const sockets = new Set<Socket>();
  const log = createRequestLog(settings.logLevel ?? 'info');
  const app = await createApp({ settings, log, metrics: () => metrics });
  const open = new OpenRequests();
  open.attach(app);
  const metrics = new ServiceMetrics({
    runner,
    results,
    resultBytes: () => memory.usedBytes,
    workDir,
    admission: () => admission.figures(nowMs()),
    connections: () => sockets.size,
  });
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const { default: multipart } = await load<typeof import('@fastify/multipart')>('@fastify/multipart');
  await app.register(multipart);
  await describeRoutes(app, settings.clients.length > 0);
  workRoutes(app, { settings, runner, turns, bodies, memory, results, makings, workDir, engine });
  resultRoutes(app, results, settings.minRate);
  watchingRoutes(app, {
    settings,
    isLive: () => runner.health().live,
    isReady: () => !turns.isLeaving && runner.health().ready,
    metrics: () => metrics.text(),
  });
  await describedRoutes(app);
  await app.listen({ host: settings.host, port: settings.port });
  const { port, address, family } = app.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  let closing: Promise<ServiceReport> | null = null;
  const close = async (): Promise<ServiceReport> => {
    turns.leave();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, settings.drainMs);
    await Promise.race([turns.settled().then(() => open.settled()), late.promise]);
    clearTimeout(timer);
    const cut = open.count;
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
    results.clear();
    const { endBytes } = await runner.close();
    return { endBytes: endBytes + workDir.usedBytes, cut };
  };
  const leave = (): Promise<ServiceReport> => {
    closing ??= close();
    return closing;
  };
  return {
    url,
    get pids() {
      return runner.pids;
    },
    close: leave,
    async [Symbol.asyncDispose]() {
      await leave();
    },
  };
}
