import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser } from '../report/page/browser.ts';
import { serving } from './serving.ts';

describe.skipIf(!hasBrowser)('the page that describes the service', () => {
  const served = serving();
  let browser: Browser;
  beforeAll(async () => {
    // As root, as in containers, Chromium cannot have its sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args, timeout: 0 });
  });
  afterAll(() => browser?.close());

  it('shows all routes, can try them, and asks nobody else for anything', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${served.url}/docs`);
    for (const route of [
      '/v1/transcode',
      '/v1/analyze',
      '/v1/results/{address}',
      '/livez',
      '/readyz',
      '/metrics',
    ]) {
      await page.locator(`[data-path="${route}"]`).waitFor();
    }
    const live = page.locator('.opblock', { has: page.locator('[data-path="/livez"]') });
    await live.locator('.opblock-summary').click();
    await live.getByRole('button', { name: 'Try it out' }).click();
    await live.getByRole('button', { name: 'Execute' }).click();
    await live.locator('.live-responses-table .response-col_status', { hasText: '200' }).first().waitFor();
    expect(complaints).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(served.url) && !url.startsWith('data:'))).toEqual([]);
  });
});
