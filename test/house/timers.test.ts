import { describe, expect, it } from 'vitest';
import { parseModule } from './module.ts';
import { replaceableTimers } from './timers.ts';

describe('timers that a test may have replaced', () => {
  const found = (file: string, text: string) => replaceableTimers([parseModule(file, text)]);

  it.each<[string, string, string]>([
    ['those that were taken', 'src/c/x.ts', "import { setTimeout } from '../timers.ts'; setTimeout(f);"],
    ['their own file', 'src/timers.ts', 'setTimeout(f);'],
    ['the command', 'src/cli/x.ts', 'setTimeout(f);'],
    ['a test', 'test/x.ts', 'setTimeout(f);'],
    ['comments and strings', 'src/c/x.ts', "// setTimeout(f)\n'Date.now';"],
    ['another thing of the name', 'src/c/x.ts', 'x.setTimeout(f); x.#clearInterval();'],
  ])('are not %s', (_what, file, text) => {
    expect(found(file, text)).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a timer', 'setTimeout(f);', 'setTimeout'],
    ['one that is passed on', 'f(clearInterval);', 'clearInterval'],
    [
      'one beside those that were taken',
      "import { sleep } from '../timers.ts'; setImmediate(f);",
      'setImmediate',
    ],
    ['a clock', 'f(Date.now());', 'Date.now'],
    ['another clock', 'const now = performance.now;', 'performance.now'],
    ["Node's own", "import { setTimeout } from 'node:timers/promises';", 'node:timers/promises'],
  ])('are found: %s', (_what, text, name) => {
    expect(found('src/c/x.ts', text)).toContain(`src/c/x.ts: ${name}`);
  });
});
