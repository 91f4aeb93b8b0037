// Measures the live page in Chromium: `npm run measure:page -- [SECONDS]`, after `npm run build`.
// First the time from navigation to the first data on the demo. Then, under load, long tasks, the
// growth of the heap, and the age of the price that the page shows. Run nothing else meanwhile.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { chromium } from 'playwright-core';
import { root } from './builds.mjs';

const { freePort } = createRequire(import.meta.url)(join(root, 'dist/tools/free-port.js'));
const { startPrivateRedis } = createRequire(import.meta.url)(join(root, 'dist/tools/private-redis.js'));

const { fetch } = globalThis;
const PRODUCTS = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];
const [FIRST, ...OTHERS] = PRODUCTS;
const LOADS = 5;
const WARM_UP_MS = 10_000;
const seconds = Number(process.argv[2] ?? 60);
const MOST_FRAMES = (seconds + 30) * 120;

/** Runs in the page before its own code: notes when the first price and the first chain are shown. */
const NOTE_FIRST_DATA = `
  const look = () => {
    const has = (selector) => /\\d/.test(document.querySelector(selector)?.textContent ?? '');
    if (has('.watch-price') && has('[data-tile="totalOi"] .tile-value')) window.firstData = performance.now();
    else requestAnimationFrame(look);
  };
  look();`;

/**
 * Runs in the page: notes long tasks, and in each frame the time and the price that is shown. The room
 * for them is made before the heap is measured.
 */
const WATCH = `
  window.longTasks = [];
  window.shown = new Float64Array(${2 * MOST_FRAMES});
  window.frames = 0;
  new PerformanceObserver((list) => longTasks.push(...list.getEntries()))
    .observe({ type: 'longtask' });
  const cell = document.querySelector('tr[data-product="${FIRST}"] .watch-price');
  const look = () => {
    if (frames < ${MOST_FRAMES}) {
      shown[2 * frames] = Date.now();
      shown[2 * frames++ + 1] = Number(cell.textContent.replace(/[^0-9.]/g, ''));
    }
    requestAnimationFrame(look);
  };
  look();`;

const children = [];
function start(program, args, env = {}) {
  const child = spawn(process.execPath, [join(root, program), ...args], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

async function stop(child) {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await exited;
}

async function untilReady(url) {
  while (
    !(await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await delay(50);
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

async function firstData(browser) {
  const port = String(await freePort());
  const demo = start('dist/tools/demo.js', [], { PORT: port });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  await delay(5_000);
  const times = [];
  for (let n = 0; n < LOADS; n++) {
    // The page's content security policy forbids what Playwright evaluates.
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.addInitScript(NOTE_FIRST_DATA);
    await page.goto(url);
    times.push(await (await page.waitForFunction('window.firstData')).jsonValue());
    await context.close();
  }
  await stop(demo);
  return times.toSorted((a, b) => a - b);
}

async function underLoad(browser, redisUrl) {
  const port = String(await freePort());
  const gateway = start('dist/src/main.js', [], {
    PORT: port,
    REDIS_URL: redisUrl,
    LIVE_PAGE: 'on',
    PRODUCTS: PRODUCTS.join(),
    LOG_LEVEL: 'error',
  });
  const url = `http://127.0.0.1:${port}`;
  const feed = (...options) => start('dist/tools/feed.js', ['--redis', redisUrl, '--rate', '50', ...options]);
  const feeds = [feed('--products', FIRST, '--strikes', '500'), feed('--products', OTHERS.join())];
  await untilReady(url);
  const publishedAt = new Map();
  let chains = 0;
  const redis = new Redis(redisUrl);
  redis.on('message', (channel, text) => {
    const { product, price } = JSON.parse(text);
    if (product !== FIRST) return;
    if (channel === 'enriched:underlying')
      publishedAt.set(price, [...(publishedAt.get(price) ?? []), Date.now()]);
    else chains++;
  });
  await redis.subscribe('enriched:underlying', 'enriched:option_chain');

  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1_920, height: 1_080 } });
  await page.goto(url);
  await page.locator('[data-strikes="all"]').click();
  await page.waitForTimeout(WARM_UP_MS);
  const devtools = await page.context().newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  await page.evaluate(WATCH);
  const before = await heap();
  // Collecting the garbage was a long task too.
  await page.evaluate('frames = 0; window.since = performance.now();');
  const chainsBefore = chains;
  await page.waitForTimeout(seconds * 1_000);
  const chainRate = (chains - chainsBefore) / seconds;
  const { longTasks, shown } = await page.evaluate(`({
    longTasks: longTasks.filter(({ startTime }) => startTime > since).map(({ duration }) => duration),
    shown: [...shown.subarray(0, 2 * frames)],
  })`);
  const growth = (await heap()) - before;
  const ages = [];
  for (let n = 0; n < shown.length; n += 2) {
    // The same price may have been published several times.
    const at = publishedAt.get(shown[n + 1])?.findLast((time) => time <= shown[n]);
    if (at !== undefined) ages.push(shown[n] - at);
  }
  ages.sort((a, b) => a - b);
  redis.disconnect();
  for (const child of [...feeds, gateway]) await stop(child);
  return {
    longTasks: longTasks.toSorted((a, b) => a - b),
    growth,
    ages,
    frames: shown.length / 2,
    chainRate,
  };
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const redis = await startPrivateRedis();
try {
  if (!redis) throw new Error('no redis-server was found');
  const times = await firstData(browser);
  const { longTasks, growth, ages, frames, chainRate } = await underLoad(browser, redis.url);
  const ms = (value) => `${value.toFixed(0)} ms`;
  console.log(
    `first data on the demo, ${LOADS} loads: median ${ms(quantile(times, 0.5))}, most ${ms(times.at(-1))}`,
  );
  console.log(
    `${seconds} s of ${PRODUCTS.length} products at 50/s and ${chainRate.toFixed(1)} chains/s of 500 strikes:`,
  );
  console.log(
    `  age of the price shown: p50 ${ms(quantile(ages, 0.5))}, p99 ${ms(quantile(ages, 0.99))}, ${frames} frames`,
  );
  console.log(
    `  tasks over 50 ms: ${longTasks.length}${longTasks.length > 0 ? `, longest ${ms(longTasks.at(-1))}` : ''}`,
  );
  console.log(`  heap: ${growth > 0 ? '+' : ''}${growth.toFixed(2)} MB`);
} finally {
  for (const child of children) child.kill();
  await browser.close();
  await redis?.stop();
}
