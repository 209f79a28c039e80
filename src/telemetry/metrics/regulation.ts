/**
 * Metrics of how the runtime regulates itself: pressure, cleanup, load, block size, decisions, health; and of
 * its tasks.
 */
import { PRESSURE_LEVELS } from '../../regulation/pressure.ts';
import { HEALTH_STATES, type HealthCheckName } from '../health-report.ts';
import type { Snapshot } from '../snapshot.ts';
import {
  byName,
  byShard,
  counter,
  gauge,
  interval,
  type Metric,
  oneOf,
  type Row,
  summary,
  withinShard,
} from './metric.ts';

const health = (name: HealthCheckName, scale: number) => (s: Snapshot) => s.health.checks[name].value * scale;

export const REGULATION_METRICS: readonly Metric[] = [
  gauge('threads', '{thread}', 'Worker threads.', [], (s) => s.threads),
  gauge('uptime', 's', 'Since the runtime started.', [], (s) => s.uptimeSeconds),
  gauge('tasks', '{task}', 'Tasks that wait or run now.', ['state'], (s) =>
    byName({ queued: s.tasks.queued, running: s.tasks.running }, (tasks) => tasks),
  ),
  counter(
    'tasks.ended',
    '{task}',
    'Tasks by how they ended; lost ones died with their worker.',
    ['state'],
    (s) => {
      const { succeeded, failed, cancelled, lost } = s.tasks;
      return byName({ succeeded, failed, cancelled, lost }, (tasks) => tasks);
    },
  ),

  gauge('pressure.level', '{level}', '1 for the level that holds now, 0 for the others.', ['level'], (s) =>
    oneOf(PRESSURE_LEVELS, s.pressure.level),
  ),
  gauge('pressure.ledger.level', '{level}', 'The same by the budget alone.', ['level'], (s) =>
    oneOf(PRESSURE_LEVELS, s.pressure.ledgerLevel),
  ),
  gauge('pressure.process.level', '{level}', 'The same by process memory alone.', ['level'], (s) =>
    oneOf(PRESSURE_LEVELS, s.pressure.processLevel),
  ),
  gauge(
    'pressure.ledger',
    '1',
    'Charged bytes beside the budget, as pressure sees them.',
    [],
    (s) => s.pressure.ledgerShare,
  ),
  gauge(
    'pressure.process',
    '1',
    'Memory of the process beside what it may have; left out where nothing limits it.',
    [],
    (s) => s.pressure.processShare,
  ),
  gauge('process.resident', 'By', 'Resident memory of the process.', [], (s) => s.pressure.rssBytes),
  gauge(
    'process.limit',
    'By',
    "The container's limit, else the machine's memory; left out where it cannot be read.",
    [],
    (s) => s.pressure.limitBytes,
  ),
  counter('pressure.time', 's', 'Time spent at each level.', ['level'], (s) =>
    byName(s.pressure.secondsAtLevel, (seconds) => seconds),
  ),

  gauge('emergency.active', '{emergency}', '1 while an emergency goes on, else 0.', [], (s) =>
    s.pressure.emergency ? 1 : 0,
  ),
  counter('emergency.started', '{emergency}', 'Emergencies.', [], (s) => s.cleanup.emergencies),
  counter(
    'emergency.recovered',
    '{emergency}',
    'Emergencies that ended because pressure fell.',
    [],
    (s) => s.cleanup.recovered,
  ),
  gauge(
    'emergency.success',
    '1',
    'Share of emergencies that recovered; 1 before the first.',
    [],
    (s) => s.cleanup.recoverySuccessRate,
  ),
  summary(
    'emergency.duration',
    's',
    'From the start of an emergency to its end.',
    [],
    (s) => s.cleanup.recovery,
  ),
  interval(
    'emergency.duration',
    's',
    'From the start to the end of an emergency that ended in the last whole interval.',
    [],
    (s) => s.cleanup.intervalRecovery,
  ),
  counter(
    'cleanup.trims',
    '{trim}',
    'Times that idle memory was freed on purpose.',
    [],
    (s) => s.cleanup.trims,
  ),
  counter('cleanup.trimmed', 'By', 'Bytes freed on purpose.', [], (s) => s.cleanup.trimmedBytes),
  gauge(
    'cleanup.recovery',
    '1',
    'Of what was to be freed, the share that was; 1 before the first time.',
    [],
    (s) => s.cleanup.recoveryRate,
  ),
  gauge(
    'cleanup.turnover',
    '1',
    'Bytes freed beside bytes allocated, since the start.',
    [],
    (s) => s.cleanup.poolTurnover,
  ),
  summary(
    'gc.pause',
    's',
    'Pauses of each thread by the kind of garbage collection.',
    ['shard', 'kind'],
    (s) => withinShard(s.cleanup.gc, (shard) => byName(shard.byKind, (stats) => stats)),
  ),
  // A thread has few pauses in a second, and there may be a thousand threads: the longest is enough.
  interval(
    'gc.pause',
    's',
    'Longest pause of each thread in the last whole interval, by the kind of garbage collection.',
    ['shard', 'kind'],
    (s) => withinShard(s.cleanup.intervalGc, (shard) => byName(shard.byKind, (stats) => stats)),
    ['max'],
  ),

  gauge('cpu.cores', '{core}', 'Cores that the process may use.', [], (s) => s.cpu.cores),
  gauge(
    'cpu.process',
    '1',
    'CPU time of the process, of that of its cores, over the last interval.',
    [],
    (s) => s.cpu.process.raw,
  ),
  gauge('cpu.process.smoothed', '1', 'The same, smoothed.', [], (s) => s.cpu.process.smoothed),
  gauge(
    'cpu.system',
    '1',
    'Load of all cores of the machine, over the last interval.',
    [],
    (s) => s.cpu.system.raw,
  ),
  gauge('cpu.system.smoothed', '1', 'The same, smoothed.', [], (s) => s.cpu.system.smoothed),
  gauge(
    'shard.cpu',
    '1',
    'CPU time of the thread, of the time that went by, over the last interval.',
    ['shard'],
    (s) => byShard(s.cpu.byShard, (shard) => shard.cpu.raw),
  ),
  gauge('shard.cpu.smoothed', '1', 'The same, smoothed.', ['shard'], (s) =>
    byShard(s.cpu.byShard, (shard) => shard.cpu.smoothed),
  ),
  gauge(
    'shard.event_loop',
    '1',
    "Share of the time that the thread's event loop was not idle, over the last interval.",
    ['shard'],
    (s) => byShard(s.cpu.byShard, (shard) => shard.eventLoop.raw),
  ),
  gauge('shard.event_loop.smoothed', '1', 'The same, smoothed.', ['shard'], (s) =>
    byShard(s.cpu.byShard, (shard) => shard.eventLoop.smoothed),
  ),

  gauge('block.size', 'By', 'What jobs are advised to work in now.', [], (s) => s.block.bytes),
  gauge('block.baseline', 'By', 'The block size to which it returns.', [], (s) => s.block.baselineBytes),
  gauge('block.least', 'By', 'The block size is never below this.', [], (s) => s.block.leastBytes),
  gauge('block.most', 'By', 'The block size is never above this.', [], (s) => s.block.mostBytes),
  gauge('block.ceiling', 'By', 'Where growth ends for now.', [], (s) => s.block.ceilingBytes),
  gauge(
    'block.duration.most',
    's',
    'Audio that one block lasts at most.',
    [],
    (s) => s.block.mostMilliseconds / 1000,
  ),

  counter('decisions', '{decision}', 'What the runtime decided by itself.', ['kind'], (s) =>
    byName(s.decisions.counts, (decisions) => decisions),
  ),
  counter('decisions.judged', '{decision}', 'Decisions by how they turned out.', ['verdict'], (s) =>
    byName(s.decisions.verdicts, (decisions) => decisions),
  ),
  gauge(
    'decisions.regret',
    '1',
    'Mean regret of the decisions that were judged.',
    [],
    (s) => s.decisions.regret,
  ),
  counter(
    'shadow.decisions',
    '{decision}',
    'What other parameters would have decided, where a shadow runs.',
    ['kind'],
    (s) => byName(s.decisions.shadow?.counts ?? {}, (decisions) => decisions),
  ),
  gauge('shadow.block.size', 'By', 'The block size of the shadow, where one runs.', [], (s) =>
    s.decisions.shadow === null ? null : s.decisions.shadow.blockBytes,
  ),

  gauge(
    'health.verdict',
    '{state}',
    '1 for the worst state of all checks, 0 for the others.',
    ['verdict'],
    (s) => oneOf(HEALTH_STATES, s.health.verdict),
  ),
  gauge(
    'health.check',
    '{state}',
    '1 for the state of the check, 0 for the others.',
    ['check', 'state'],
    (s) =>
      Object.entries(s.health.checks).flatMap(([check, { state }]) =>
        oneOf(HEALTH_STATES, state).map(([labels, value]): Row<number> => [[check, ...labels], value]),
      ),
  ),
  gauge(
    'health.pool.utilization',
    '1',
    'What the check poolUtilization saw.',
    [],
    health('poolUtilization', 1 / 100),
  ),
  gauge(
    'health.pressure',
    '{level}',
    'What the check pressureLevel saw: 0 nominal, 1 elevated, 2 high, 3 critical.',
    [],
    health('pressureLevel', 1),
  ),
  gauge(
    'health.allocation.latency',
    's',
    'What the check allocationLatency saw.',
    [],
    health('allocationLatency', 1e-9),
  ),
  gauge('health.hit', '1', 'What the check hitRatio saw.', [], health('hitRatio', 1)),
  gauge(
    'health.cleanup',
    '1/s',
    'What the check cleanupFrequency saw.',
    [],
    health('cleanupFrequency', 1 / 60),
  ),
  gauge(
    'health.recovery.success',
    '1',
    'What the check recoverySuccessRate saw.',
    [],
    health('recoverySuccessRate', 1),
  ),
];
