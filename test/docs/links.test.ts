/** Every link from a page to a file of the checkout, or to a heading, leads somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readPaths } from '../house/tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = readPaths(root).filter((path) => path.endsWith('.md'));

/** As GitHub makes it of a heading: lower case, words with dashes, no other signs. */
function anchorsOf(page: string): Set<string> {
  const headings = Array.from(
    page.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm),
    ([, text]) => text,
  );
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const links = pages
  .flatMap((page) =>
    Array.from(
      read(page)
        .replaceAll(/^```.*?^```$|`[^`\n]*`/gms, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
      ([, link]) => ({ page, link }),
    ),
  )
  .filter(({ link }) => !/^[a-z]+:/.test(link));

it('leads to a file that is there', () => {
  expect(links.length).toBeGreaterThan(100);
  const dead = links.filter(({ page, link }) => {
    const [path] = link.split('#');
    return path !== '' && !existsSync(join(root, dirname(page), path));
  });
  expect(dead).toEqual([]);
});

it('leads to a heading that is there', () => {
  const dead = links.filter(({ page, link }) => {
    const [path, anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (anchor === undefined || !target.endsWith('.md')) return false;
    return !anchorsOf(read(target)).has(anchor);
  });
  expect(dead).toEqual([]);
});
