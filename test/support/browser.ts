import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { checkPackets } from './browser-packets.js';
import { cleanUp } from './cleanup.js';

/**
 * Debian's Chromium, headless, with a profile of its own that is removed afterwards. What its pages' clients send and receive is
 * held against the AsyncAPI document.
 */
export class Browser {
  /** What the pages wrote to the console as errors, and what they threw. */
  readonly complaints: string[] = [];
  /** Kinds of messages that were held against the document; see PacketCheck. */
  readonly kinds = new Set<string>();
  private readonly reading: Promise<void>[] = [];

  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  /** @param extra further arguments of Chromium */
  static async launch(extra: readonly string[] = []): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'gateway-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      viewport: { width: 1280, height: 900 },
      args: [
        '--no-sandbox', // as root, as CI runs
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        ...extra,
      ],
    });
    const browser = new Browser(context, profile);
    cleanUp(() => browser.close());
    return browser;
  }

  /** @param first run in the page before anything of its own */
  async open(url: string, first?: () => void): Promise<Page> {
    const page = await this.context.newPage();
    checkPackets(page, this.kinds, this.reading);
    if (first) await page.addInitScript(first);
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  /** Answers a URL of the world outside with a file's content. */
  async stand(url: string, body: Buffer): Promise<void> {
    await this.context.route(url, (route) => route.fulfill({ body, contentType: 'text/javascript' }));
  }

  async close(): Promise<void> {
    await this.context.close();
    await Promise.all(this.reading);
    await rm(this.profile, { recursive: true, force: true });
  }
}
