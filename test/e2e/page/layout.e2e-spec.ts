import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessibilityProblems } from '../../support/accessibility.js';
import { Browser } from '../../support/browser.js';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { ROOT } from '../../support/code-blocks.js';
import { LivePage, shows } from '../../support/live-page.js';
import { SCHEMES, SCREENS, textProblems } from '../../support/text-layout.js';
import { waitFor } from '../../support/wait.js';

/** SCREENSHOT=folder stores what the page looks like on each screen. */
const FOLDER = process.env.SCREENSHOT;

let url: string;
let browser: Browser;

beforeAll(async () => {
  const demo = Command.spawn(process.execPath, [join(ROOT, 'dist/tools/demo.js')], {
    env: { PATH: process.env.PATH!, PORT: '0', HOST: '127.0.0.1' },
  });
  cleanUp(() => demo.end('SIGTERM'));
  await demo.until(() => demo.output.includes('Open http'));
  url = /Open (\S+)/.exec(demo.output)![1]!.replace('localhost', '127.0.0.1');
  browser = await Browser.launch();
});
afterEach(() => browser.closePages());

/** Waits until every part of the page has data. */
async function filled(live: LivePage): Promise<LivePage> {
  await live.live();
  await shows(live.cell('QQQ', 'price'), /^\$[\d.]+$/);
  await shows(live.tile('pcrOi'), /^[\d.]+$/);
  await shows(live.tile('totalOi'), /^[\d.]+[KM]$/);
  return live;
}

describe.each(SCREENS)('on a screen of $width px', ({ width, height }) => {
  it.each(SCHEMES)('no text is cut or overlaps in %s', async (colorScheme) => {
    const live = await LivePage.open(url, browser);
    await live.page.setViewportSize({ width, height });
    await live.page.emulateMedia({ colorScheme });
    await filled(live);
    expect(await textProblems(live.page)).toEqual([]);
    if (FOLDER) {
      mkdirSync(FOLDER, { recursive: true });
      await live.page.screenshot({ path: join(FOLDER, `${width}-${colorScheme}.png`) });
    }
  });
});

it.each(SCHEMES)('axe finds no serious violation in %s', async (colorScheme) => {
  const live = await LivePage.open(url, browser);
  await live.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await filled(live);
  expect(await accessibilityProblems(live.page)).toEqual([]);
  await live.page.setViewportSize(SCREENS[0]);
  await live.page.getByRole('button', { name: 'Token' }).click();
  expect(await accessibilityProblems(live.page)).toEqual([]);
  expect(await textProblems(live.page)).toEqual([]);
});

it('shows data without an error, and under its content security policy', async () => {
  const live = await filled(await LivePage.open(url, browser));
  expect(browser.complaints).toEqual([]);
  expect(await live.violations()).toEqual([]);
});

it('chooses what the simulated market of the demo does', async () => {
  const live = await filled(await LivePage.open(url, browser));
  const choice = live.page.getByLabel('Scenario of the simulated market');
  await choice.selectOption({ label: 'Fast market' });
  const scenario = async () =>
    ((await (await fetch(new URL('demo/scenario', url))).json()) as { scenario: string }).scenario;
  await waitFor(async () => (await scenario()) === 'fast');
  await live.page.reload();
  await waitFor(async () => (await choice.inputValue()) === 'fast');
  await choice.selectOption({ label: 'Normal day' });
  await waitFor(async () => (await scenario()) === 'normal');
  expect(browser.complaints).toEqual([]);
});

it('remembers the colour scheme that the reader chose', async () => {
  const live = await LivePage.open(url, browser);
  const background = () => live.page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
  await live.page.emulateMedia({ colorScheme: 'light' });
  const light = await background();
  await live.page.getByRole('button', { name: 'Switch to the dark colours' }).click();
  const dark = await background();
  expect(dark).not.toBe(light);
  await live.page.reload();
  await live.page.getByRole('button', { name: 'Switch to the light colours' }).waitFor();
  expect(await background()).toBe(dark);
  await live.page.getByRole('button', { name: 'Switch to the light colours' }).click();
  expect(await background()).toBe(light);
  await live.page.evaluate(`localStorage.clear()`);
});

it('the first Tab reaches a link that skips to the open product', async () => {
  const live = await filled(await LivePage.open(url, browser));
  await live.page.keyboard.press('Tab');
  const focused = () => live.page.evaluate(`document.activeElement.textContent.trim()`);
  expect(await focused()).toBe('Skip to the open product');
  await live.page.keyboard.press('Enter');
  expect(await live.page.evaluate(`document.activeElement.id`)).toBe('main');
});

it('leads to the documentation and the contract', async () => {
  const live = await LivePage.open(url, browser);
  for (const name of ['Documentation', 'Event contract', 'HTTP API']) {
    const link = live.page.getByRole('link', { name });
    const address = await link.evaluate((node) => (node as unknown as { href: string }).href);
    expect([name, (await fetch(address)).status]).toEqual([name, 200]);
  }
});

it('moves nothing for readers who prefer that', async () => {
  const live = await LivePage.open(url, browser);
  await live.page.emulateMedia({ reducedMotion: 'reduce' });
  await filled(live);
  const first = await live.cell('NIFTY', 'price').textContent();
  await waitFor(async () => (await live.cell('NIFTY', 'price').textContent()) !== first);
  expect(await live.page.evaluate(`document.getAnimations().length`)).toBe(0);
});
