/**
 * Debian's Chromium, headless. Where it is missing, tests that need it are skipped, unless MILLPOND_BROWSER
 * is `required`.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

const EXECUTABLE = '/usr/bin/chromium';

export const hasBrowser = existsSync(EXECUTABLE) || process.env.MILLPOND_BROWSER === 'required';
if (!hasBrowser) {
  console.warn(`Skipped: there is no ${EXECUTABLE}. Install Debian's chromium to run the tests of the page.`);
}

interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
}

/** A page that was opened from disk, and everything it complained of or asked the network for. */
export interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

/** One browser and one folder for a file of tests. */
export function useBrowser(): { open(html: string, look?: Look): Promise<Opened> } {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millpond-page-'));
    // As root, as in containers, Chromium cannot have its sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    // No time limits but those of the tests.
    browser = await chromium.launch({ executablePath: EXECUTABLE, args, timeout: 0 });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  let count = 0;
  return {
    async open(html, { width = 1280, height = 800, theme = 'light' } = {}) {
      const path = join(folder, `${count++}.html`);
      await writeFile(path, html);
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
      context.setDefaultTimeout(0);
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('dialog', (dialog) => {
        complaints.push(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      const address = pathToFileURL(path).href;
      await page.route('**', (route) => {
        if (route.request().url() === address) return route.continue();
        requests.push(route.request().url());
        return route.abort();
      });
      await page.goto(address);
      return { page, complaints, requests };
    },
  };
}

/** The part of a plot where its lines are. */
function area(page: Page, plot: string): Locator {
  return page.locator(`#plot-${plot} .u-over`);
}

/** Puts the mouse at shares of the area's width and height. */
export async function hover(page: Page, plot: string, across: number, down = 0.5): Promise<void> {
  const over = area(page, plot);
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (box === null) throw new Error(`${plot} is not drawn`);
  await page.mouse.move(box.x + 1 + across * (box.width - 2), box.y + down * box.height);
}

/** What the legend of a plot says of a line, under the cursor. */
export function reading(page: Page, plot: string, line: string): Locator {
  return page
    .locator(`#plot-${plot} .legend li`)
    .filter({ has: page.getByRole('button', { name: line, exact: true }) })
    .locator('.value');
}

/** Where the cursor is, in words. */
export function at(page: Page, plot: string): Locator {
  return page.locator(`#plot-${plot} .at`);
}
