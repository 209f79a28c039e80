/** Options that bound what one file may ask for. Holds nothing. */
import { type Command, InvalidArgumentError } from 'commander';
import type { AudioLimits } from '../audio/plan/limits.ts';
import type { PlannedFile } from '../batch/plan.ts';
import { usualTimeoutMs } from '../batch/time-limit.ts';
import { byteSize, decimalNumber, option, type WrittenSize } from './arguments.ts';

export interface LimitOptions {
  maxDuration?: number;
  maxOutput?: WrittenSize;
  jobTimeout?: number;
}

/** 30 years. */
const DURATION = { what: 'a duration in seconds', from: 0.001, to: 1e9, example: 36_000 };
/** The longest that Node's timers can wait. */
const TIMEOUT = { what: 'a time in seconds', from: 0.001, to: 2_147_483, example: 600 };

export function withLimitOptions(command: Command): Command {
  return command
    .addOption(
      option(
        '--max-duration <seconds>',
        'fail files that last for longer; default 1000 hours',
        decimalNumber(DURATION),
      ),
    )
    .addOption(
      option(
        '--job-timeout <seconds>',
        'fail files that take longer; default 1 hour, and 1 minute for each MiB',
        decimalNumber(TIMEOUT),
      ),
    );
}

export function withOutputLimit(command: Command): Command {
  return command.addOption(
    option(
      '--max-output <size>',
      "fail files whose output is larger; default 4GiB and 4096 times the file's size",
      largestOutput,
    ),
  );
}

function largestOutput(text: string): WrittenSize {
  const size = byteSize(text);
  if (size.bytes > 0) return size;
  throw new InvalidArgumentError('no output has 0 bytes. Write for example 2GiB.');
}

export function audioLimits({ maxDuration }: LimitOptions): AudioLimits {
  return { ...(maxDuration !== undefined && { maxSeconds: maxDuration }) };
}

export function outputLimit({ maxOutput }: LimitOptions) {
  return { ...(maxOutput !== undefined && { maxOutputBytes: maxOutput.bytes }) };
}

/** How long a job may take for a file. */
export function jobTimeout({ jobTimeout }: LimitOptions): (file: PlannedFile) => number {
  if (jobTimeout !== undefined) return () => jobTimeout * 1000;
  return ({ bytes }) => usualTimeoutMs(bytes);
}
