/** Threads and budget of a batch, checked in the terms of the command's options. Pure. */
import { availableParallelism } from 'node:os';
import { type Bytes, KiB } from '../bytes.ts';
import { leastBudget } from '../pool/options.ts';
import { type WrittenSize, wrongValue } from './arguments.ts';

/** The library allows more, but with a codec in each of a thousand threads they only wait for each other. */
export const MOST_THREADS = 256;

/**
 * As many as `--threads` says, else as the machine gives; of several processes each has the same number.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function threadsFor(given: number | undefined, isolate = 0): number {
  const each = Math.max(1, isolate);
  if (given === undefined) return Math.ceil(Math.min(MOST_THREADS, availableParallelism()) / each) * each;
  if (given % each === 0) return given;
  const most = Math.max(each, given - (given % each));
  throw wrongValue(
    '--threads',
    `${given}`,
    `with --isolate ${each} their number is a multiple of that. Write ${most}.`,
  );
}

/** Of a number without a unit that is less, MiB were probably meant. */
const FEW_BYTES = 10_000;

/** @throws MillpondError `ERR_BUDGET_TOO_SMALL` where `--budget` cannot hold a block for each thread */
export function budgetFor({ bytes, text }: WrittenSize, threads: number): Bytes {
  const each = leastBudget(1);
  const least = leastBudget(threads);
  if (bytes >= least) return bytes;
  const fewer = bytes >= each ? `, or --threads ${Math.floor(bytes / each)}` : '';
  const remedy =
    /^\d+$/.test(text) && bytes > 0 && bytes < FEW_BYTES
      ? `, and a number alone counts bytes. For ${bytes} MiB write ${bytes}MiB.`
      : `. Write ${least / KiB}KiB or more${fewer}.`;
  const threadsNeed = threads === 1 ? '1 thread needs' : `${threads} threads need`;
  const what = `${threadsNeed} ${least / KiB}KiB at least, ${each / KiB}KiB each${remedy}`;
  throw wrongValue('--budget', text, what, { code: 'ERR_BUDGET_TOO_SMALL' });
}
