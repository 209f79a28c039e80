/** What the README shows is what runs: its programs are the examples, letter by letter. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const readme = read('README.md');
const shown = Array.from(readme.matchAll(/^```ts\n(?:\/\/ (\S+)\n)?(.*?)^```$/gms), ([, name, code]) => ({
  name,
  code,
}));
const examples = globSync('examples/*/*.ts', { cwd: root });

it('shows programs, each by the name of its file', () => {
  expect(shown.map(({ name }) => name)).toEqual([
    'own-job/echo.ts',
    'own-job/main.ts',
    'blocks/loudest.ts',
    'kernel/wider.ts',
    'memory/main.ts',
  ]);
});

it.each(shown)('shows $name as it is in the examples', ({ name, code }) => {
  expect(examples).toContain(`examples/${name}`);
  // The README says around it what the file says in its header.
  expect(code).toBe(read(`examples/${name}`).replace(/^\/\*\*.*?\*\/\n/s, ''));
});

it('shows of the HTTP service, on its page, what it does', () => {
  const lines = (text: string): string => text.replaceAll(/^ +/gm, '');
  const blocks = Array.from(read('docs/http.md').matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code);
  expect(blocks.length).toBeGreaterThan(3);
  const service = lines(read('examples/http/main.ts'));
  expect(blocks.filter((code) => !service.includes(lines(code)))).toEqual([]);
});

it('leads to every example that it does not show', () => {
  const unseen = new Set(examples.map((path) => path.split('/')[1]));
  for (const { name } of shown) unseen.delete(name.split('/')[0]);
  for (const [, name] of readme.matchAll(/\(examples\/([\w-]+)\)/g)) unseen.delete(name);
  expect([...unseen]).toEqual([]);
});
