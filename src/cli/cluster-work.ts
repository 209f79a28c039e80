/** The work of `millpond cluster host`, loaded when that is used. */
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { engineFingerprint } from '../batch/engine-fingerprint.ts';
import type { Bytes } from '../bytes.ts';
import { FolderStore } from '../cluster/folder-store.ts';
import { Host } from '../cluster/host.ts';
import type { HostEvent } from '../cluster/host-events.ts';
import { serveMetrics } from '../cluster/host-metrics.ts';
import { listBatch } from '../cluster/list-batch.ts';
import { runnerLoad } from '../cluster/load.ts';
import { fileMaker } from '../cluster/make-file.ts';
import { createIsolatedRunner } from '../isolation/isolated-runner.ts';
import { createLog } from '../telemetry/log.ts';
import { escaped, shown } from '../text/escaping.ts';
import { clearTimeout, machineMs, nowMs, setTimeout, wallMs } from '../timers.ts';
import { runtimeOptions } from './batch-runner.ts';
import { budgetFor, threadsFor } from './budget.ts';
import { cacheFolder } from './cache-folder.ts';
import { connect, type HostOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { kill, SIGNALS } from './interrupt.ts';

export async function workFor(options: HostOptions): Promise<void> {
  const isolate = options.isolate ?? 1;
  const threads = threadsFor(options.threads, isolate);
  const budget: Bytes | undefined = options.budget && budgetFor(options.budget, threads);
  const engine = await engineFingerprint(cacheFolder(process.env, 'engine'));
  const log = createLog(options.logLevel === undefined ? {} : { level: options.logLevel });
  const say = teller(options);
  await using broker = await connect(options, (text) => say.line(text));
  const record = options.record === undefined ? undefined : { path: options.record, label: 'cluster host' };
  await using runner = await createIsolatedRunner({
    ...runtimeOptions({ job: 'transcode', threads, budget, record }),
    ...{ processes: isolate, ownBytes: 0, log, ffmpegLog: options.logLevel ?? 'warn' },
  });
  const name = options.name ?? `${hostname()}-${process.pid}`;
  const host = new Host({
    broker,
    maker: fileMaker(runner),
    // Its processes look at this clock, too: they are told by when a file may begin.
    clock: { nowMs: machineMs, wallMs, after },
    name,
    token: crypto.randomUUID(),
    engine,
    openStore: ({ folder, id }) => new FolderStore(folder, id),
    list: listBatch,
    load: runnerLoad(runner, nowMs),
    say: say.event,
  });
  const metrics =
    options.metricsPort === undefined
      ? null
      : await serveMetrics({ broker, host, runner }, options.metricsPort, options.metricsHost ?? '127.0.0.1');
  if (metrics !== null) {
    const { address, port } = metrics.address() as AddressInfo;
    say.line(`metrics at http://${address.includes(':') ? `[${address}]` : address}:${port}/metrics`);
  }
  let isLeaving = false;
  const leave = (signal: NodeJS.Signals): void => {
    if (isLeaving) {
      for (const pid of runner.pids) kill(pid);
      stop();
      process.kill(process.pid, signal);
      return;
    }
    isLeaving = true;
    say.line('leaving; files that run are finished, the rest goes back (again: leave at once)');
    host.drain();
  };
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, leave);
  };
  for (const signal of SIGNALS) process.on(signal, leave);
  try {
    say.line(`host ${name}: ${threads} threads, engine ${engine.slice(0, 12)}`);
    await host.run();
  } finally {
    stop();
    metrics?.close();
    log.close();
  }
  process.exitCode = EXIT.done;
}

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

interface Teller {
  line(text: string): void;
  event(event: HostEvent): void;
}

function teller({ verbose = false, quiet = false }: HostOptions): Teller {
  const print = (text: string): void => void process.stderr.write(`millpond: ${text}\n`);
  let last = '';
  // What goes wrong goes wrong often, and in the same words.
  const once = (text: string): void => {
    if (text !== last) print(text);
    last = text;
  };
  return {
    line: (text) => (quiet ? undefined : once(escaped(text))),
    event(event) {
      switch (event.event) {
        case 'refused':
          print(
            `batch ${event.batch} wants engine ${event.wants.slice(0, 12)}, and this host has ${event.has.slice(0, 12)}: it takes none of its files. Submit it with --any-engine to accept both`,
          );
          break;
        case 'unknown':
          print(
            `batch ${event.batch} is not to be seen in ${shown(event.folder)}: ${escaped(event.why)}. See to it that this host has the folder at this path`,
          );
          break;
        case 'unlisted':
          print(`batch ${event.batch} has no list: ${escaped(event.why)}`);
          break;
        case 'failed':
          print(`failed: ${shown(event.input)}: ${escaped(event.message)}`);
          break;
        case 'ill':
          once(`nothing is begun for a while: ${escaped(event.why)}`);
          break;
        case 'well':
          once('going on');
          break;
        case 'silent':
          once(`the broker does not answer: ${escaped(event.why)}`);
          break;
        case 'lost':
          print(`page ${event.page} of ${event.batch} is another host's now`);
          break;
        case 'done':
          if (!quiet) print(`batch ${event.batch} is done`);
          break;
        case 'repaired':
          if (!quiet) print(`the queue of ${event.batch} had lost ${event.pages} pages`);
          break;
        case 'ended': {
          const { ok, failed } = event.summary;
          if (verbose) print(`page ${event.page} of ${event.batch}: ${ok} done, ${failed} failed`);
          break;
        }
        default:
          if (verbose) print(`page ${event.page} of ${event.batch}: ${event.event}`);
      }
    },
  };
}
