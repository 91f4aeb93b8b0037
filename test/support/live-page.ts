import type { Locator, Page } from 'playwright-core';
import { Browser } from './browser.js';

/** The live page of a gateway in Chromium, by its parts. */
export class LivePage {
  private constructor(
    readonly browser: Browser,
    readonly page: Page,
  ) {}

  /** @param browser by default a new one, which is closed after the test file */
  static async open(url: string, browser?: Browser): Promise<LivePage> {
    const used = browser ?? (await Browser.launch());
    const page = await used.open(url, () => {
      const seen: string[] = [];
      Object.assign(globalThis, { violations: seen });
      (globalThis as unknown as EventTarget).addEventListener('securitypolicyviolation', (event) =>
        seen.push((event as Event & { readonly effectiveDirective: string }).effectiveDirective),
      );
    });
    return new LivePage(used, page);
  }

  /** Waits until the connection is up and data is live. */
  async live(): Promise<this> {
    await this.page.locator('#status[data-state="live"]').waitFor();
    return this;
  }

  row(product: string): Locator {
    return this.page.locator(`tr[data-product="${product}"]`);
  }

  /** The text of a cell of the watchlist. */
  cell(product: string, name: 'price' | 'change' | 'percent' | 'age' | 'reason'): Locator {
    return this.row(product).locator(`.watch-${name}`);
  }

  tile(name: string): Locator {
    return this.page.locator(`[data-tile="${name}"] .tile-value`);
  }

  tileDetail(name: string): Locator {
    return this.page.locator(`[data-tile="${name}"] .tile-detail`);
  }

  /** A row of the connection panel. */
  fact(name: string): Locator {
    return this.page.locator(`[data-fact="${name}"]`);
  }

  /** The newest entries of the connection's log. */
  log(): Promise<string[]> {
    return this.page.locator('.connection-log li').allTextContents();
  }

  get banner(): Locator {
    return this.page.locator('#banner p');
  }

  /** The violations of the page's content security policy that the browser has reported. */
  violations(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations);
  }
}

/** Waits until an element has exactly this text. */
export async function shows(locator: Locator, text: string | RegExp, timeout = 15_000): Promise<void> {
  const wanted = typeof text === 'string' ? new RegExp(`^${escape(text)}$`) : text;
  const first = locator.first();
  const found = first.filter({ hasText: wanted });
  try {
    await found.waitFor({ timeout, state: 'attached' });
  } catch {
    const actual = (await first.count()) > 0 ? await first.textContent() : 'no such element';
    throw new Error(`expected ${String(text)}, but the page shows ${JSON.stringify(actual)}`);
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
