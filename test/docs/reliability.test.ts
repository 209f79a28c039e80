import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${checkout}/${path}`, 'utf8');
const page = read('docs/reliability.md');
const { scripts } = JSON.parse(read('package.json'));
const tests = globSync('test/**/*.test.ts', { cwd: checkout });
/** Each command in a cell or a sentence. */
const commands = Array.from(page.matchAll(/`((?:npm|millpond) [^`]+)`/g), ([, command]) => command);

describe('the page on reliability', () => {
  it('names scripts of the package, and no others', () => {
    const named = commands.flatMap((command) => /^npm run (?:-s )?(\S+)/.exec(command)?.[1] ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names tests that are there', () => {
    const paths = commands
      .flatMap((command) => /^npm test -- (.+)$/.exec(command)?.[1].split(' ') ?? [])
      .filter((path) => !path.startsWith('<'));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !tests.some((test) => test.includes(`test/${path}`)))).toEqual([]);
  });

  it('names commands of the command line with options that they have', () => {
    for (const command of commands.filter((one) => one.startsWith('millpond '))) {
      const [, name, ...words] = command.split(' ');
      const source = read(`src/cli/${name}.ts`);
      for (const option of words.filter((word) => word.startsWith('--'))) {
        expect([command, source.includes(`'${option}`)]).toEqual([command, true]);
      }
    }
  });

  it('has a command in each row, or says that there is none yet', () => {
    const rows = page
      .split('\n')
      .filter((line) => /^\| (?!promise|-)/.test(line) && !line.startsWith('|---'));
    expect(rows.length).toBeGreaterThan(15);
    const without = rows.filter(
      (row) => !/`npm /.test(row.split(' | ')[2]) && !row.includes('not there yet'),
    );
    expect(without).toEqual([]);
  });
});
