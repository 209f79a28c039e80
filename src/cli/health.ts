/** `millpond health`: the verdict on a run, from its JSON. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { withOptionNames } from '../batch/option-names.ts';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import {
  DEFAULT_HEALTH,
  evaluateHealth,
  formatHealthValue,
  resolveHealth,
  warnsFirst,
} from '../telemetry/health.ts';
import type { HealthThresholds } from '../telemetry/health-findings.ts';
import { HEALTH_CHECKS, type HealthReport, type HealthState } from '../telemetry/health-report.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { escaped, jsonText } from '../text/escaping.ts';
import { option, threshold, wrongValue } from './arguments.ts';
import { EXIT } from './exit.ts';

interface HealthOptions {
  warn: Record<string, number>;
  fail: Record<string, number>;
  json?: boolean;
  prometheus?: boolean;
}

const HELP = `
Examples:
  millpond transcode album/ --to flac --out converted --json > run.json; millpond health run.json
  millpond health - --fail hitRatio=0.9 --warn hitRatio=0.95 < run.json
  millpond health run.json --prometheus

Checks: poolUtilization (percent), pressureLevel (0 nominal to 3 critical), allocationLatency (ns), hitRatio (0 to 1),
cleanupFrequency (a minute), recoverySuccessRate (0 to 1).

Exit codes: 0 ok or warnings, 1 a check failed, 2 wrong usage or not the JSON of a run.`;

const THRESHOLD = threshold(HEALTH_CHECKS);

export function healthCommand(): Command {
  return new Command('health')
    .description('judge a run by its JSON: did it have enough memory, and get it quickly')
    .argument('<run.json>', 'what --json printed; - reads it from stdin')
    .addOption(
      option('--warn <check=value>', 'where a check begins to warn; may be repeated', THRESHOLD).default({}),
    )
    .addOption(
      option('--fail <check=value>', 'where a check begins to fail; may be repeated', THRESHOLD).default({}),
    )
    .option('--json', 'print the report as one JSON object')
    .addOption(
      new Option('--prometheus', "print the run's metrics in Prometheus' text format instead").conflicts(
        'json',
      ),
    )
    .addHelpText('after', HELP)
    .action(judge);
}

async function judge(path: string, options: HealthOptions): Promise<void> {
  const thresholds = thresholdsOf(options);
  const { readJudgedFigures, readSnapshot } = await import('../report/read-snapshot.ts');
  const [origin, json] = [path === '-' ? 'stdin' : path, await content(path)];
  const snapshot = options.prometheus ? readSnapshot(origin, json) : null;
  const report = evaluateHealth(snapshot ?? readJudgedFigures(origin, json), thresholds);
  if (report.verdict === 'fail') process.exitCode = EXIT.failed;
  if (snapshot !== null) process.stdout.write(await exposition({ ...snapshot, health: report }));
  else if (options.json) process.stdout.write(`${jsonText(report)}\n`);
  else process.stdout.write(formatHealth(report, process.stdout));
}

function thresholdsOf({ warn, fail }: HealthOptions): HealthThresholds {
  const given = HEALTH_CHECKS.map((name) => {
    const at = {
      warn: warn[name] ?? DEFAULT_HEALTH[name].warn,
      fail: fail[name] ?? DEFAULT_HEALTH[name].fail,
    };
    if (!warnsFirst(name, at)) {
      const [one, other] = name in fail ? (['fail', 'warn'] as const) : (['warn', 'fail'] as const);
      throw wrongValue(
        `--${one}`,
        `${name}=${at[one]}`,
        `it would fail at ${at.fail} before it warns at ${at.warn}. Write --${other} ${name}=${at[one]}, too.`,
      );
    }
    return [name, at];
  });
  return resolveHealth(Object.fromEntries(given));
}

async function content(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(systemPath(path), 'utf8');
  } catch (cause) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `health reads a file that holds the JSON of a run, got '${escaped(path)}': ${escaped((cause as Error).message)}. Name the file to which --json was written.`,
      { cause },
    );
  }
}

async function exposition(snapshot: Snapshot): Promise<string> {
  const { prometheusText } = await import('../telemetry/prometheus.ts');
  const { tasks, queue } = snapshot;
  const named = byEscaped(queue.tenants.named);
  return prometheusText({
    ...snapshot,
    tasks: { ...tasks, byJob: byEscaped(tasks.byJob) },
    queue: { ...queue, tenants: { ...queue.tenants, named } },
  });
}

/** Names of jobs and tenants are anybody's, and the format leaves in them what controls a terminal. */
function byEscaped<Value>(named: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [escaped(name), value]));
}

const COLOURS: Readonly<Record<HealthState, 'green' | 'yellow' | 'red'>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
};

function formatHealth({ verdict, sentence, checks }: HealthReport, stream: NodeJS.WriteStream): string {
  const state = (of: HealthState): string => styleText(COLOURS[of], of.padEnd(6), { stream });
  const figures = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(9)).join('');
  const lines = [
    `${styleText('bold', 'health'.padEnd(21), { stream })}${state(verdict)}${sentence}`,
    `${'check'.padEnd(21)}${'state'.padEnd(6)}${figures(['value', 'warn', 'fail'])}`,
    ...HEALTH_CHECKS.map((name) => {
      const { state: of, value, warnAt, failAt, sentence } = checks[name];
      const cells = [value, warnAt, failAt].map((figure) => formatHealthValue(name, figure));
      return `${name.padEnd(21)}${state(of)}${figures(cells)}  ${withOptionNames(sentence)}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
