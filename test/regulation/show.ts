/** What `npm run simulate -- --policy` prints. */
import { plotTrace, summarize } from './plot.ts';
import { allTraces } from './traces.ts';

const AXIS_COLUMNS = 12;

/**
 * Without a name all traces in short, with one its plot. Returns the exit code: 2 for a name that is not
 * there.
 */
export function showPolicy(name: string | undefined, seconds?: number): number {
  const traces = allTraces();
  if (name === undefined) {
    for (const [each, trace] of Object.entries(traces)) console.log(summarize(each, trace));
    console.log('Plot one of them: npm run simulate -- --policy NAME [--seconds N]');
    return 0;
  }
  if (!Object.hasOwn(traces, name)) {
    console.error(`There is no trace '${name}'. There are ${Object.keys(traces).join(', ')}.`);
    return 2;
  }
  const width = Math.min(160, (process.stdout.columns ?? 100) - AXIS_COLUMNS);
  console.log(plotTrace(name, traces[name], { width, height: 5 }, seconds));
  return 0;
}
