/** The page on the service says what holds: options and their defaults, errors, metrics, tests. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { STREAMED_TARGETS } from '../../src/audio/plan/streams.ts';
import { TARGETS } from '../../src/audio/plan/targets.ts';
import { SETTINGS } from '../../src/cli/serve-settings.ts';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import { resolveServiceOptions } from '../../src/service/options.ts';
import { TRANSCODE_QUERY } from '../../src/service/schemas.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${checkout}/${path}`, 'utf8');
const page = read('docs/service.md');

/** The cells of each row of the table under such a head. */
function rowsUnder(head: string): string[][] {
  const [, table] = page.split(`\n${head}\n`);
  const rows = table.split('\n\n')[0].split('\n').slice(1);
  return rows.map((row) => row.slice(2, -2).split(' | '));
}

const plain = (cell: string): string => cell.replaceAll('`', '');

it('has every option with the default that holds', () => {
  const rows = rowsUnder('| option | default | what it limits, and what happens beyond it |');
  const settings = resolveServiceOptions();
  /** Those that depend on the machine, or have a value by being left out. */
  const words: Record<string, string> = {
    '--threads': 'the cores',
    '--budget': '100MiB, and 16MiB a thread',
    '--work-dir': 'TMPDIR',
    '--token-file': 'none',
    '--trust-proxy': 'none',
  };
  expect(rows.map(([option, value]) => [plain(option), plain(value)])).toEqual(
    SETTINGS.map(({ option, of }) => {
      const name = option.long as string;
      return [name, words[name] ?? String(of(settings))];
    }),
  );
  const { budgetBytes } = resolveServiceOptions({ threads: 3 });
  // The thread for short work has its part, too.
  expect(budgetBytes).toBe((100 + 16 * 4) * 2 ** 20);
});

it('has the codes of the errors under their status', () => {
  const rows = rowsUnder('| status | codes | do |');
  expect(rows.length).toBeGreaterThan(10);
  for (const [status, codes] of rows) {
    for (const code of plain(codes).split(', ')) {
      expect([code, ERROR_CODES[code as ErrorCode]?.status]).toEqual([code, Number(status)]);
    }
  }
  const named = [...page.matchAll(/`(ERR_\w+)`[^|\n]*?, (\d{3})[.)]/g)];
  for (const [, code, status] of named) expect(ERROR_CODES[code as ErrorCode].status).toBe(Number(status));
});

it('names metrics that there are', () => {
  const source = read('src/service/metrics.ts');
  const names = rowsUnder('| metric | tells |').flatMap(([cell]) => plain(cell).split(', '));
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    const own = name.replace('millpond_service_', '').replace(/_total$/, '');
    expect([name, source.includes(`'${own}'`) || source.includes(`'${name}'`)]).toEqual([name, true]);
  }
});

it('names the options of a request, and what becomes of each format as a stream', () => {
  const { to: _, ...others } = TRANSCODE_QUERY.properties;
  for (const name of Object.keys(others)) expect(page).toContain(`\`${name}\``);
  const formats = rowsUnder('| format | as a stream |').flatMap(([cell]) => plain(cell).split(', '));
  expect(formats.sort()).toEqual(Object.keys(TARGETS).sort());
  expect(formats.filter((name) => !STREAMED_TARGETS.includes(name))).toEqual(['m4a']);
});

it('names for each promise a test that is there, or a script of the package', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const tests = globSync('test/**/*.test.ts', { cwd: checkout });
  const rows = rowsUnder('| promise | test |');
  expect(rows.length).toBeGreaterThan(10);
  for (const [, cell] of rows) {
    const [, script, paths] = /^npm (?:run (?:-s )?(\S+)|test -- (.+))/.exec(plain(cell)) ?? [];
    if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
    for (const path of paths?.split(' ') ?? []) {
      expect([path, tests.some((test) => test.includes(`test/${path}`))]).toEqual([path, true]);
    }
    expect(script ?? paths).toBeDefined();
  }
});
