/**
 * A runtime's parts, wired together: the main thread's (wire-main-thread.ts), the worker threads, the
 * regulator and telemetry. Starts the workers; nothing else moves before the heartbeat does.
 */
import { threadId } from 'node:worker_threads';
import { MAIN_ROW } from '../budget/layout.ts';
import { Ledger } from '../budget/ledger.ts';
import type { MillpondError } from '../errors.ts';
import { sweepThread } from '../files/whole-file.ts';
import { measureReads } from '../machine/clock.ts';
import { mainThreadSource, threadSource } from '../machine/cpu-sources.ts';
import type { ProcessMemory } from '../machine/process-memory.ts';
import { errorFrom } from '../messages/error-record.ts';
import type { RegulatedLoad } from '../regulation/ports.ts';
import { Regulator } from '../regulation/regulator.ts';
import { Announcer } from '../telemetry/announcer.ts';
import { Observer } from '../telemetry/observer.ts';
import type { RunRecording } from '../telemetry/recording/recording.ts';
import { startRecording } from '../telemetry/recording/start.ts';
import { takeReading } from '../telemetry/recording/take-reading.ts';
import { ThreadSupply } from '../thread/supply.ts';
import type { HeartbeatPorts } from './heartbeat.ts';
import type { RuntimeSettings } from './options.ts';
import { type MainParts, wireMainThread } from './wire-main-thread.ts';
import type { WorkerPoolEvents } from './worker-events.ts';
import { WorkerPool } from './worker-pool.ts';

/** What a runtime takes from outside its parts, and the events that it reports. */
interface RuntimePorts extends HeartbeatPorts {
  readonly load: RegulatedLoad;
  readMemory(): ProcessMemory;
  /** A worker can take a task now. */
  free(): void;
  /** No worker can be started or used. */
  failed(error: MillpondError): void;
}

export interface RuntimeParts extends MainParts {
  /** On the clock of the ports. */
  readonly startedMs: number;
  readonly ledger: Ledger;
  readonly workers: WorkerPool;
  readonly observer: Observer;
  readonly announcer: Announcer;
  readonly regulator: Regulator;
  readonly recording: RunRecording | null;
}

/** Parts that nothing moves. */
interface StillParts extends RuntimeParts {
  /** Starts the workers; to be called once. */
  start(): void;
}

/**
 * @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_INVALID_ARGUMENT` when the file of a recording cannot be
 * made; nothing has started then
 */
export function wireRuntime(settings: RuntimeSettings, ports: RuntimePorts): RuntimeParts {
  const { start, ...parts } = wireStill(settings, ports);
  // Last: from now on there is somebody who may call any of these.
  start();
  return parts;
}

/** As {@link wireRuntime}, without starting the workers. */
export function wireStill(settings: RuntimeSettings, ports: RuntimePorts): StillParts {
  const { pool: options, threads, log } = settings;
  // A recording may be passed on: no paths of this machine.
  const { spoolFolder, ...recorded } = options;
  const startedMs = ports.now();
  // A dead worker's row comes free a moment after its replacement wants one, so there are two for each
  // thread.
  const ledger = Ledger.create(1 + 2 * threads, options.budgetBytes);
  const observer = new Observer(startedMs);
  // Everything else was checked: what an older recording holds is lost from here on.
  const recording =
    settings.record === undefined
      ? null
      : startRecording({
          record: settings.record,
          jobs: settings.jobs.map(({ name }) => name),
          options: { ...recorded, threads },
          log,
          startedMs,
          sources: {
            now: ports.now,
            askThreads: () => ledger.header.askToPublish(),
            publish: () => observer.publish(),
            // What follows is called from the first tick on, when all is wired.
            read: () =>
              takeReading({ ledger, rows: coordinator.rows, regulator, tasks, queue: waiting.counts }),
            cpu: () => regulator.cpu,
            processedBytes: (row) => ledger.row(row).counters.processedBytes,
          },
        });
  observer.totals.listener = recording;
  const announcer = new Announcer(log, ledger, recording);
  ledger.header.blockBytes = options.blockBytes;
  ledger.claim(threadId);

  const workers = new WorkerPool({
    threads,
    start: {
      ledger: ledger.shared,
      options,
      jobs: settings.jobs.map(({ address }) => address),
      data: settings.life.data,
      nice: settings.life.nice,
      ...(settings.slots !== undefined && { slots: settings.slots }),
    },
    resourceLimits: settings.resourceLimits,
    ...settings.life,
    ledger,
    now: ports.now,
    startTimer: ports.startTimer,
  });
  const main = wireMainThread({
    ledger,
    options,
    threads,
    stopMs: settings.life.stopMs,
    jobs: settings.jobs,
    queue: settings.queue,
    recorder: observer.recorder,
    workers,
    log,
    observers: recording === null ? [observer] : [observer, recording],
    supply: (around) => new ThreadSupply(ledger, MAIN_ROW, around),
    now: ports.now,
    startTimer: ports.startTimer,
    look: () => {
      const nowMs = ports.now();
      regulator.tick(nowMs, threadSources.values());
      observer.tick(nowMs, coordinator.rows);
      recording?.tick(nowMs);
    },
    unsettled: () => regulator.unsettled,
    watched: () => recording?.open ?? false,
    woken: () => ports.load.restart(),
    events: {
      refused: (shard, requests, usedBytes) => announcer.exhausted(shard, requests, usedBytes),
      rebalanced: (moves) => {
        regulator.rebalanced(moves);
        announcer.rebalanced(moves);
      },
      closed: (row, leaks) => announcer.leaked(`shard ${row}`, leaks),
    },
  });
  const { coordinator, tasks, admission, waiting } = main;
  const regulator = new Regulator(
    {
      ledger,
      coordinator,
      admission,
      options,
      threads,
      load: ports.load,
      readMemory: ports.readMemory,
      totals: observer.totals,
      readNanoseconds: measureReads(() => ports.now() * 1e6).readNanoseconds,
      shadow: settings.shadow,
      events: {
        decided: (decision) => announcer.decided(decision),
        judged: (decision) => announcer.judged(decision),
        pressureChanged: (from, to, pressure) => announcer.pressureChanged(from, to, pressure),
        emergencyEnded: (end) => {
          announcer.emergencyEnded(end);
          tasks.pump();
        },
      },
    },
    startedMs,
  );

  const threadSources = new Map([[MAIN_ROW, mainThreadSource()]]);
  const events: WorkerPoolEvents = {
    introduced: (member, link) => {
      threadSources.set(member.row, threadSource(member.worker, member.row));
      coordinator.connect(member.row, link);
    },
    answered: (member, answer) => coordinator.handle(member.row, answer),
    recorded: (member, interval) => observer.totals.merge(interval, member.row),
    strayed: (member, { task, error }) =>
      announcer.strayed(member.row, task > 0 ? tasks.nameOf(task) : {}, errorFrom(error)),
    free: ports.free,
    ended: (member, results) => tasks.ended(member, results),
    unreadable: (member, error) => tasks.unreadable(member, error),
    unread: (member) => tasks.unread(member),
    unbegun: (member, given) => tasks.unbegun(member, given),
    lost: (member, error) => tasks.lost(member, error),
    retiring: (member) => (member.introduced ? coordinator.close(member.row) : Promise.resolve()),
    gone: (member, exitCode) => {
      // What it spooled and nobody got, with a result that was lost.
      if (!member.dismissed || member.cause !== undefined) sweepThread(spoolFolder, member.threadId);
      if (member.row >= 0) {
        threadSources.delete(member.row);
        regulator.forget(member.row);
        recording?.threadGone(member.row);
        const { chargedBytes, loanBytes } = coordinator.bury(member.row);
        const told = member.introduced && !member.dismissed;
        if (told) announcer.workerLost(member, exitCode, chargedBytes + loanBytes);
      }
      tasks.pump();
    },
    failed: ports.failed,
    recovered: () => tasks.mend(),
  };
  const start = (): void => workers.start(events);
  return { ...main, startedMs, ledger, workers, observer, announcer, regulator, recording, start };
}
