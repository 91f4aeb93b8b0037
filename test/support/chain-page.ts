import type { Page } from 'playwright-core';
import { Browser } from './browser.js';
import { GatewayProcess } from './gateway-process.js';
import { type LiveChain, pythonTime } from './live-chains.js';
import { OPEN_MARKET } from './market-hours.js';
import { RedisServer } from './redis-server.js';

/** The live page of a gateway in Chromium, with a Redis to which the test publishes. */
export class ChainPage {
  private constructor(
    readonly redis: RedisServer,
    readonly gateway: GatewayProcess,
    readonly browser: Browser,
  ) {}

  /** @param env further settings of the gateway, which has one product, NIFTY */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<ChainPage> {
    const redis = await RedisServer.start();
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      LIVE_PAGE: 'on',
      PRODUCTS: 'NIFTY',
      MARKET_HOURS: OPEN_MARKET,
      ...env,
    });
    await gateway.ready();
    return new ChainPage(redis, gateway, await Browser.launch());
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.gateway.stop();
    await this.redis.stop();
  }

  async publishChain(chain: LiveChain): Promise<void> {
    await this.redis.client.publish('enriched:option_chain', JSON.stringify(chain));
  }

  async publishPrice(price: number, timestamp = pythonTime(Date.now())): Promise<void> {
    const update = {
      type: 'UNDERLYING_ENRICHED',
      product: 'NIFTY',
      price,
      timestamp,
      processed_at: timestamp,
    };
    await this.redis.client.publish('enriched:underlying', JSON.stringify(update));
  }

  async open(width = 1920, height = 1000): Promise<Page> {
    const page = await this.browser.open('about:blank');
    await page.setViewportSize({ width, height });
    await page.goto(this.gateway.url);
    return page;
  }
}
