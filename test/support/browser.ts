import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { checkPackets } from './browser-packets.js';
import { cleanUp } from './cleanup.js';

/**
 * Debian's Chromium, headless, with a temporary profile. The messages that its pages' clients send
 * and receive are checked against the AsyncAPI document.
 */
export class Browser {
  /** The errors that the pages wrote to the console, and their uncaught errors. */
  readonly complaints: string[] = [];
  /** The kinds of messages that were checked against the document; see PacketCheck. */
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
        '--no-sandbox', // needed as root, which CI uses
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

  /** @param first a script that runs in the page before its own scripts */
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

  /** Serves an external URL from a file. */
  async stand(url: string, body: Buffer): Promise<void> {
    await this.context.route(url, (route) => route.fulfill({ body, contentType: 'text/javascript' }));
  }

  /** Closes the pages, and forgets their complaints. */
  async closePages(): Promise<void> {
    for (const page of this.context.pages().slice(1)) await page.close();
    this.complaints.length = 0;
  }

  async close(): Promise<void> {
    await this.context.close();
    await Promise.all(this.reading);
    await rm(this.profile, { recursive: true, force: true });
  }
}
