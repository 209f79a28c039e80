import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { budgetFor } from '../../src/cli/budget.ts';
import { demoCommand } from '../../src/cli/demo.ts';
import { healthCommand } from '../../src/cli/health.ts';
import { reportCommand } from '../../src/cli/report.ts';
import { transcodeCommand } from '../../src/cli/transcode.ts';
import { isMillpondError } from '../../src/errors.ts';

const COMMANDS = {
  transcode: transcodeCommand,
  report: reportCommand,
  health: healthCommand,
  demo: demoCommand,
};
type Name = keyof typeof COMMANDS;

/** A command that only reads its arguments. */
function reader(name: Name): Command {
  return COMMANDS[name]()
    .exitOverride()
    .action(() => {});
}

function read(name: Name, ...options: string[]): Record<string, unknown> {
  return reader(name)
    .parse(['x', ...options], { from: 'user' })
    .opts();
}

const NO_NAME = /^'': a file or folder has a name\. /;

/** Of each option a value that does not do, and what is said of it behind the option's name. */
const WRONG: Readonly<Record<Name, readonly (readonly [option: string, value: string, said: RegExp])[]>> = {
  transcode: [
    ['--to', 'flaac', /^flaac: a format is one of wav, flac, .*\. Did you mean flac\?$/],
    ['--to', 'aac', /^aac: a format is one of .*, m4a\.$/],
    ['--out', '', NO_NAME],
    ['--rate', '44.1k', /^44\.1k: a sample rate in Hz is a whole number from 1000 to 655350\. .* 44100\.$/],
    ['--channels', '9', /^9: the number of channels is a whole number from 1 to 8\./],
    ['--bits', '20', /^20: a depth is 16, 24 or 32 bits\./],
    ['--bitrate', 'high', /^high: a bit rate is 1k to 10000k, .* 192k\.$/],
    ['--bitrate', '10001k', /^10001k: /],
    ['--gain', '1e3', /^1e3: a gain in dB is a number from -200 to 200\./],
    ['--fade-in', '2m', /^2m: a fade in seconds is a number from 0 to 86400\./],
    ['--fade-out', '-1', /^-1: a fade in seconds is /],
    ['--cover', '', NO_NAME],
    ['--cover-size', '15', /^15: the longer side in pixels is a whole number from 16 to 10000\./],
    ['--max-duration', '0', /^0: a duration in seconds is a number from 0.001 to 1000000000\. .* 36000\.$/],
    ['--max-duration', '10h', /^10h: /],
    ['--max-output', '0.3', /^0\.3: a size comes to whole bytes\./],
    ['--max-output', '0', /^0: no output has 0 bytes\./],
    ['--job-timeout', 'Infinity', /^Infinity: a time in seconds is a number from 0.001 to 2147483\./],
    ['--threads', '0', /^0: the number of threads is a whole number from 1 to 256\./],
    ['--threads', '257', /^257: /],
    ['--isolate', '65', /^65: the number of processes is a whole number from 0 to 64\./],
    ['--budget', 'lots\n', /^'lots\\u000a': a size comes to whole bytes\. .* 100MiB,/],
    ['--budget', '1.3', /^1\.3: a size comes to whole bytes\./],
    ['--budget', '1025GiB', /^1025GiB: it is 1TiB at most\./],
    ['--record', '', NO_NAME],
    ['--results', '', NO_NAME],
    ['--journal', '', NO_NAME],
    ['--durability', 'disk', /^disk: a durability is one of process, power\.$/],
    ['--check', 'time', /^time: a check is one of times, content\. Did you mean times\?$/],
    ['--log-level', 'warning', /^warning: a level is one of debug, .*\.$/],
    ['--files-from', '', NO_NAME],
    ['--base', '', NO_NAME],
    ['--include', '', /^'': a pattern has 1 to 1000 letters .* '\*\.wav'\.$/],
    ['--exclude', '//', /^\/\/: a pattern /],
    ['--exclude', '*'.repeat(1001), /a pattern has 1 to 1000 letters/],
  ],
  report: [
    ['--html', '', NO_NAME],
    ['--hgrm', '', NO_NAME],
    ['--hlog', '', NO_NAME],
    ['--expected-interval', '10', /^10: a time is 1ns to 60min\./],
    ['--expected-interval', '0ms', /^0ms: a time is 1ns to 60min\./],
    ['--expected-interval', '2000min', /^2000min: a time is 1ns to 60min\./],
    ['--expected-interval', 'soon', /^soon: a time is 1ns to 60min\. Write for example 10ms,/],
  ],
  health: [
    ['--warn', 'hitRate=1', /^hitRate=1: a check is one of poolUtilization, .* Did you mean hitRatio\?$/],
    ['--fail', 'hitRatio', /^hitRatio: a threshold is the name of a check, = and a number\./],
    ['--fail', 'hitRatio=1e999', /^hitRatio=1e999: a threshold is /],
    ['--warn', 'constructor=1', /^constructor=1: a check is one of /],
  ],
  demo: [
    ['--out', '', NO_NAME],
    ['--threads', '1.5', /^1\.5: /],
    ['--isolate', '-1', /^-1: /],
    ['--budget', '', /^'': a size /],
    ['--record', '', NO_NAME],
    ['--log-level', 'x', /^x: a level is one of /],
  ],
};

describe.each(
  Object.entries(WRONG) as [Name, (typeof WRONG)[Name]][],
)('a wrong value for %s', (name, wrong) => {
  it.each(wrong)('%s %j is refused in the words of the option', (option, value, said) => {
    const refusal = caught(() => read(name, option, value));
    expect(isMillpondError(refusal) && refusal.code).toBe('ERR_INVALID_ARGUMENT');
    expect(refusal.message.slice(0, option.length + 1)).toBe(`${option} `);
    expect(refusal.message.slice(option.length + 1)).toMatch(said);
  });

  it('is known for each option that takes one', () => {
    const valued = reader(name).options.filter(({ required }) => required);
    // Conditions are read by the report itself, which points to the place.
    const known = new Set([...wrong.map(([option]) => option), '--fail-if']);
    expect(valued.map(({ long }) => long).filter((long) => !known.has(long!))).toEqual([]);
  });
});

it.each([
  ['transcode', ['--to', 'FLAC'], { to: 'flac' }],
  ['transcode', ['--log-level', 'Debug'], { logLevel: 'debug' }],
  ['transcode', ['--bitrate', '192K'], { bitrate: 192_000 }],
  ['transcode', ['--budget', '64mib'], { budget: { bytes: 64 * 1024 * 1024, text: '64mib' } }],
  [
    'health',
    ['--warn', 'HITRATIO=0.9', '--warn', 'oldesttask=5'],
    { warn: { hitRatio: 0.9, oldestTask: 5 } },
  ],
  ['report', ['--expected-interval', '10MS'], { expectedInterval: 10e6 }],
] as const)('of %s %j is taken in upper and in lower case', (name, options, expected) => {
  expect(read(name, ...options)).toMatchObject(expected);
});

describe('a budget', () => {
  const budget = (text: string, bytes: number, threads: number) => () => budgetFor({ bytes, text }, threads);

  it.each([
    ['10', 10, 2, /^--budget 10: 2 threads need 128KiB at least, .* For 10 MiB write 10MiB\.$/],
    ['0', 0, 1, /^--budget 0: 1 thread needs 64KiB at least, 64KiB each\. Write 64KiB or more\.$/],
    ['10b', 10, 1, /Write 64KiB or more\.$/],
    ['60000', 60_000, 1, /Write 64KiB or more\.$/],
    ['1MiB', 1 << 20, 18, /^--budget 1MiB: 18 threads need 1152KiB at least, .* or --threads 16\.$/],
  ])('of %s (%d bytes) is too small for %d threads', (text, bytes, threads, message) => {
    const refusal = caught(budget(text, bytes, threads));
    expect(isMillpondError(refusal) && refusal.code).toBe('ERR_BUDGET_TOO_SMALL');
    expect(refusal.message).toMatch(message);
  });

  it('holds a block for each thread at least', () => {
    expect(budget('1152KiB', 1152 * 1024, 18)()).toBe(1152 * 1024);
  });
});

function caught(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was refused.');
}
