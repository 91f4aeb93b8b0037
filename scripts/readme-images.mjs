// Takes the pictures of the live page for the README from a demo that runs:
// `npm run readme:images -- http://localhost:8002/`. Let the demo run for some minutes first, so that
// its charts have a course to show.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './builds.mjs';

/** `until`: the part of the page with which the picture ends. By default, it is all that fits. */
const IMAGES = [
  { name: 'live-page-light', width: 1_600, height: 1_000, colorScheme: 'light', until: '.chain' },
  { name: 'live-page-dark', width: 1_920, height: 1_080, colorScheme: 'dark', until: 'body' },
  { name: 'live-page-phone', width: 390, height: 844, colorScheme: 'dark' },
];
/** What a picture shows below its last part, px. */
const MARGIN = 6;
/** So long after the first chain, the changes of options have something to show. In ms. */
const CHANGES_AFTER = 60_000;
/** Everything that is asked for after the first draw, such as the latency, has come. In ms. */
const SETTLED_AFTER = 8_000;

const [url = 'http://localhost:8002/'] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
// All pictures are of one tab, so that their changes are since its first chain.
const page = await browser.newPage();
await page.goto(url);
await page.locator('[data-tile="totalOi"] .tile-value', { hasText: /\d/ }).waitFor();
await page.waitForTimeout(CHANGES_AFTER);
for (const { name, width, height, colorScheme, until } of IMAGES) {
  await page.setViewportSize({ width, height });
  // Without motion, no cell is coloured by its last change.
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.waitForTimeout(SETTLED_AFTER);
  if (width < 600) await page.evaluate(`document.querySelector('.product').scrollIntoView()`);
  const path = join(root, 'docs/images', `${name}.png`);
  if (until === undefined) await page.screenshot({ path });
  else {
    const { y, height: length } = await page.locator(until).boundingBox();
    await page.screenshot({
      path,
      fullPage: true,
      clip: { x: 0, y: 0, width, height: y + length + MARGIN },
    });
  }
}
await browser.close();
