/**
 * The script and the style that go into every page. A built package has them beside it, ready; a checkout
 * gathers them from their sources when they are first wanted.
 */
import { readFile } from 'node:fs/promises';
import type { PageAssets } from './page/bundle.ts';

let assets: Promise<PageAssets> | undefined;

export function pageAssets(): Promise<PageAssets> {
  assets ??= import.meta.url.endsWith('.ts') ? bundled() : ready();
  return assets;
}

async function bundled(): Promise<PageAssets> {
  // By its address, so that a build does not follow it: the bundler is no part of the package.
  const { bundleAssets } = await import(new URL('./page/bundle.ts', import.meta.url).href);
  return bundleAssets();
}

/** This file lies in `report` or, gathered, beside it: as deep in the tree either way. */
async function ready(): Promise<PageAssets> {
  const [script, style] = await Promise.all(
    ['page.js', 'page.css'].map((name) =>
      readFile(new URL(`../report/page/${name}`, import.meta.url), 'utf8'),
    ),
  );
  return { script, style };
}
