import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { execArgvFor } from '../../src/isolation/exec-argv.ts';
import { type IsolatedOptions, resolveIsolatedOptions } from '../../src/isolation/options.ts';

const resolve = (options: IsolatedOptions) => resolveIsolatedOptions({ job: '/job.ts', ...options });
const refused = (options: IsolatedOptions): string => {
  try {
    resolve(options);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

it('shares of the processes, and what is kept here, come to the budget, to the byte', () => {
  const options = fc.record({
    processes: fc.integer({ min: 1, max: 8 }),
    budgetBytes: fc.integer({ min: 8 * MiB, max: 10_000 * MiB }),
    ownBytes: fc.option(fc.integer({ min: 0, max: 4 * MiB }), { nil: undefined }),
  });
  fc.assert(
    fc.property(options, (given) => {
      const { each, ownBytes, processes } = resolve({ ...given, threads: given.processes });
      expect(processes * (each.budgetBytes as number) + ownBytes).toBe(given.budgetBytes);
      expect(ownBytes - (given.ownBytes ?? ownBytes)).toBeLessThan((processes + 1) * KiB);
    }),
  );
});

it('one process may have all of the budget', () => {
  expect(resolve({ budgetBytes: 64 * MiB, ownBytes: 0 })).toMatchObject({
    ownBytes: 0,
    each: { budgetBytes: 64 * MiB },
  });
});

it('what cannot be is refused in words', () => {
  expect(refused({ processes: 0 })).toContain('processes is a whole number from 1 to 64, got 0');
  expect(refused({ processes: 2, threads: 3 })).toContain('3 threads for 2 processes');
  expect(refused({ ownBytes: 90 * MiB })).toContain('ownBytes is a whole number from 0 to half');
  expect(refused({ spare: 1 as never })).toContain('spare is true or false');
});

it('processes have the options of Node that this one has, but for its program and its debugger', () => {
  const own = ['--conditions=x', '-e', 'start()', '--inspect-brk=0', '--max-old-space-size=99'];
  expect(execArgvFor('.js', own)).toEqual(['--conditions=x', '--max-old-space-size=99']);
  expect(execArgvFor('.ts', [])).toEqual(['--conditions=millpond-source']);
});
