// Takes the pictures of the live page for the README from a demo that runs:
// `npm run readme:images -- http://localhost:8002/`. Let the demo run for some minutes first, so that
// its charts have a course to show.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './builds.mjs';

const IMAGES = [
  { name: 'live-page-light', width: 1_600, height: 1_000, colorScheme: 'light' },
  { name: 'live-page-dark', width: 1_920, height: 1_080, colorScheme: 'dark' },
  { name: 'live-page-phone', width: 390, height: 844, colorScheme: 'dark' },
];

const [url = 'http://localhost:8002/'] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const { name, width, height, colorScheme } of IMAGES) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(url);
  await page.locator('[data-tile="totalOi"] .tile-value', { hasText: /\d/ }).waitFor();
  if (width < 600) await page.locator('.product').evaluate((product) => product.scrollIntoView());
  // Everything that is asked for after the first draw, such as the latency, has come.
  await page.waitForTimeout(8_000);
  await page.screenshot({ path: join(root, 'docs/images', `${name}.png`) });
  await page.close();
}
await browser.close();
