/** What the live view shows, as lines of text that fit the terminal. Pure. */
import { styleText } from 'node:util';
import { type Bytes, formatBytes } from '../bytes.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import type { Decision, Verdict } from '../regulation/decision.ts';
import { PRESSURE_LEVELS, type PressureLevel } from '../regulation/pressure.ts';
import type { ShardSnapshot } from '../telemetry/shard-snapshot.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { formatSeconds } from '../text/durations.ts';
import { escaped } from '../text/escaping.ts';
import { type Progress, percentDone, secondsLeft, shareDone } from './progress.ts';

interface Space {
  readonly columns: number;
  readonly rows: number;
  /** Without it, bars are plain ASCII. */
  readonly colour: boolean;
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';
type Span = readonly [text: string, style?: Style];
type Line = readonly Span[];

const LABEL_COLUMNS = 10;
const MOST_DECISIONS = 3;

const LEVEL_STYLES: Readonly<Record<PressureLevel, Style>> = {
  nominal: 'green',
  elevated: 'cyan',
  high: 'yellow',
  critical: 'red',
};
const VERDICT_STYLES: Readonly<Record<Verdict, Style>> = { good: 'green', neutral: 'cyan', regretted: 'red' };

/**
 * Lines without a line feed at the end, never wider than the terminal and one line lower, where the cursor
 * rests.
 */
export function render(snapshot: Snapshot, progress: Progress, space: Space): string {
  const brush = new Brush(space);
  const head = [
    progressLine(progress, brush),
    budgetLine(snapshot, brush),
    pressureLine(snapshot),
    ...tierLines(snapshot, brush),
    cpuLine(snapshot, brush),
    blockLine(snapshot),
  ];
  const room = Math.max(0, space.rows - 1 - head.length);
  const decisions = decisionLines(snapshot, Math.min(MOST_DECISIONS, Math.floor(room / 3)));
  const shards = shardLines(snapshot, room - decisions.length, brush);
  const lines = [...head, ...shards, ...decisions].slice(0, Math.max(1, space.rows - 1));
  return lines.map((line) => brush.paint(line)).join('\n');
}

function progressLine(progress: Progress, brush: Brush): Line {
  const { files, failed, totalFiles, isListing, elapsedSeconds } = progress;
  const share = shareDone(progress);
  const seconds = secondsLeft(progress);
  const left = seconds === null ? '' : `, ${formatSeconds(seconds, 'coarse')} left`;
  return [
    label('files'),
    ...brush.bar([[share, 'green']]),
    [
      isListing
        ? ` ${files} of ${totalFiles} so far`
        : ` ${percentDone(progress)} %, ${files} of ${totalFiles}`,
    ],
    ...(failed > 0 ? [[`, ${failed} failed`, 'red'] as const] : []),
    [`, ${formatSeconds(elapsedSeconds, 'coarse')}${left}`],
  ];
}

function budgetLine({ budget, pressure }: Snapshot, brush: Brush): Line {
  const { limitBytes, usedBytes, peakBytes } = budget;
  return [
    label('budget'),
    ...brush.bar([[usedBytes / limitBytes, LEVEL_STYLES[pressure.level]]], peakBytes / limitBytes),
    [` ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}, peak ${formatBytes(peakBytes)}`],
  ];
}

function pressureLine({ pressure }: Snapshot): Line {
  const { level, emergency, ledgerShare, processShare, rssBytes, secondsAtLevel } = pressure;
  const resident = rssBytes > 0 ? formatBytes(rssBytes) : 'unknown';
  const process = processShare === null ? resident : `${percent(processShare)} (${resident})`;
  const worse = PRESSURE_LEVELS.slice(1).filter((one) => secondsAtLevel[one] > 0);
  const times = worse.map((one) => `, ${formatSeconds(secondsAtLevel[one], 'coarse')} ${one}`).join('');
  return [
    label('pressure'),
    [level, LEVEL_STYLES[level]],
    ...(emergency ? [[', emergency', 'red'] as const] : []),
    [`: budget ${percent(ledgerShare)}, process ${process}${times}`],
  ];
}

/** Of what each tier holds, what is in use and what is idle. Direct memory shows only where there is some. */
function tierLines({ memory, pool }: Snapshot, brush: Brush): Line[] {
  const shown = TIER_NAMES.filter((tier) => tier !== 'direct' || pool.byTier[tier].acquires > 0);
  return shown.map((tier) => {
    const { usedBytes, availableBytes } = memory.byTier[tier];
    const held = usedBytes + availableBytes;
    const share = (bytes: Bytes): number => (held > 0 ? bytes / held : 0);
    const { acquires, hitRate } = pool.byTier[tier];
    const hits = acquires > 0 && tier !== 'direct' ? `, ${percent(hitRate)} hits` : '';
    return [
      label(tier),
      ...brush.bar([
        [share(usedBytes), 'green'],
        [share(availableBytes), 'cyan'],
      ]),
      [` ${formatBytes(usedBytes)} used, ${formatBytes(availableBytes)} idle${hits}`],
    ];
  });
}

function cpuLine({ cpu }: Snapshot, brush: Brush): Line {
  const cores = `${Number(cpu.cores.toFixed(1))} ${cpu.cores === 1 ? 'core' : 'cores'}`;
  return [
    label('cpu'),
    ...brush.bar([[cpu.process.smoothed ?? 0, 'green']]),
    [` process ${load(cpu.process.smoothed)} of ${cores}, system ${load(cpu.system.smoothed)}`],
  ];
}

function blockLine({ block, pool }: Snapshot): Line {
  const limits = `baseline ${formatBytes(block.baselineBytes)}, ceiling ${formatBytes(block.ceilingBytes)}`;
  return [
    label('block'),
    [formatBytes(block.bytes), 'bold'],
    [`, ${limits}`],
    [`; hits ${(pool.hitRate * 100).toFixed(1)} % of ${pool.acquires}`],
  ];
}

function shardLines({ shards, cpu }: Snapshot, room: number, brush: Brush): Line[] {
  const shown = shards.length <= room ? shards : shards.slice(0, Math.max(0, room - 1));
  const hidden = shards.slice(shown.length);
  const loads = new Map(cpu.byShard.map((one) => [one.shard, one.cpu.smoothed]));
  const lines = shown.map((shard) => shardLine(shard, loads.get(shard.shard) ?? null, brush));
  if (hidden.length === 0) return lines;
  const starving = hidden.filter((shard) => shard.starvingBytes > 0).length;
  return [
    ...lines,
    [
      label(''),
      [`and ${hidden.length} more`, 'dim'],
      ...(starving > 0 ? [[`, ${starving} starving`, 'red'] as const] : []),
    ],
  ];
}

function shardLine(
  { shard, chargedBytes, idleBytes, starvingBytes }: ShardSnapshot,
  cpu: number | null,
  brush: Brush,
): Line {
  return [
    label(shard === 0 ? 'main' : `worker ${shard}`),
    ...brush.bar([[cpu ?? 0, 'green']]),
    [' '],
    ...(starvingBytes > 0 ? [[`starving for ${formatBytes(starvingBytes)}, `, 'red'] as const] : []),
    [`cpu ${load(cpu)}, ${formatBytes(chargedBytes)}, ${formatBytes(idleBytes)} idle`],
  ];
}

/** The newest last, as in a log. */
function decisionLines({ decisions }: Snapshot, room: number): Line[] {
  return decisions.recent.slice(Math.max(0, decisions.recent.length - room)).map(decisionLine);
}

function decisionLine({ atSeconds, kind, blockBytes, bytes, score, reason }: Decision): Line {
  const size =
    blockBytes !== undefined
      ? ` to ${formatBytes(blockBytes)}`
      : bytes !== undefined
        ? ` ${formatBytes(bytes)}`
        : '';
  return [
    label(`at ${formatSeconds(atSeconds, 'coarse')}`),
    [`${kind}${size}`, 'bold'],
    ...(score === null ? [] : [[` ${score.verdict}`, VERDICT_STYLES[score.verdict]] as const]),
    [`: ${reason}`],
  ];
}

/** Knows how wide a bar is, what it is made of, and where a line ends. */
class Brush {
  readonly #columns: number;
  readonly #colour: boolean;
  readonly #barColumns: number;

  constructor({ columns, colour }: Space) {
    this.#columns = columns;
    this.#colour = colour;
    this.#barColumns = columns < 60 ? 8 : columns < 100 ? 20 : 40;
  }

  /** Parts one after the other, the rest empty; `mark` is set at its share where the bar is empty. */
  bar(parts: readonly (readonly [share: number, style: Style])[], mark?: number): Span[] {
    const [fills, empty, marker] = this.#colour ? [['█', '▒'], '░', '│'] : [['#', '='], '.', '|'];
    const width = this.#barColumns;
    const spans: Span[] = [];
    let start = 0;
    let share = 0;
    for (const [at, [part, style]] of parts.entries()) {
      share += part;
      const end = Math.max(start, Math.min(width, Math.round(share * width)));
      spans.push([fills[at].repeat(end - start), style]);
      start = end;
    }
    const rest = empty.repeat(width - start);
    const marked = mark === undefined ? -1 : Math.min(width - 1, Math.round(mark * width)) - start;
    return [
      ...spans,
      [marked < 0 ? rest : `${rest.slice(0, marked)}${marker}${rest.slice(marked + 1)}`, 'dim'],
    ];
  }

  paint(line: Line): string {
    let room = this.#columns;
    let painted = '';
    for (const [text, style] of line) {
      const part = escaped(text).slice(0, room);
      room -= part.length;
      const styled = this.#colour && style !== undefined && part !== '';
      painted += styled ? styleText(style, part, { validateStream: false }) : part;
    }
    return painted;
  }
}

function label(text: string): Span {
  return [text.padEnd(LABEL_COLUMNS), 'dim'];
}

function load(share: number | null): string {
  return share === null ? 'unknown' : percent(share);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
