/** Metrics of how the runtime regulates itself: pressure, cleanup, load, block size, decisions. */
import { PRESSURE_LEVELS } from '../../regulation/pressure.ts';
import {
  byName,
  byShard,
  counter,
  gauge,
  interval,
  type Metric,
  oneOf,
  summary,
  withinShard,
} from './metric.ts';

export const REGULATION_METRICS: readonly Metric[] = [
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
  gauge(
    'pressure.held',
    's',
    'For how long pressure has been at its level or above, without a break.',
    [],
    (s) => s.pressure.heldSeconds,
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
    'cpu.wanted',
    '1',
    'CPU time that the process would have used had its threads never waited for a core, of that of its cores, over the last interval.',
    [],
    (s) => s.cpu.wanted.raw,
  ),
  gauge('cpu.wanted.smoothed', '1', 'The same, smoothed.', [], (s) => s.cpu.wanted.smoothed),
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
];
