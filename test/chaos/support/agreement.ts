import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** The number of symbols in one request. */
const MOST_SYMBOLS = 100;

/** Maps each product to the price that every part must have. */
export type Prices = ReadonlyMap<string, number>;

/**
 * Waits until every replica and `latest:*` have these prices. Fails with some of the differences.
 */
export async function expectAgreement(
  urls: readonly string[],
  redis: Redis,
  prices: Prices,
  timeoutMs: number,
): Promise<void> {
  const askers = await Promise.all(urls.map((url) => TestClient.connect(url)));
  let wrong: string[] = [];
  try {
    await waitFor(
      async () => {
        const answers = await Promise.all(askers.map((asker) => snapshotOf(asker, [...prices.keys()])));
        wrong = [
          ...answers.flatMap((answer, n) => differences(`replica ${n}`, prices, answer)),
          ...differences('latest:*', prices, await stored(redis, [...prices.keys()])),
        ];
        if (wrong.length > 0) await delay(100); // the clients that ask have rate limits, too
        return wrong.length === 0;
      },
      () => `${wrong.length} prices are not the newest: ${wrong.slice(0, 6).join('; ')}`,
      Math.max(0, timeoutMs),
    );
  } finally {
    for (const asker of askers) asker.close();
  }
}

/** The differences from these prices, in words. */
export function differences(name: string, prices: Prices, found: Prices): string[] {
  return [...prices]
    .filter(([product, price]) => found.get(product) !== price)
    .map(([product, price]) => `${name} has ${product} ${found.get(product)}, not ${price}`);
}

/** The prices in the memory of a client's replica. */
async function snapshotOf(client: TestClient, products: readonly string[]): Promise<Prices> {
  await client.ask('unsubscribe', { type: 'general' });
  client.clear();
  for (let start = 0; start < products.length; start += MOST_SYMBOLS) {
    const symbols = products.slice(start, start + MOST_SYMBOLS);
    const { ok } = (await client.ask('get_snapshot', { type: 'product', symbols })) as { ok: boolean };
    if (!ok) throw new Error('the snapshot was refused');
  }
  return new Map(client.all('underlying_update').map(({ product, price }) => [product, price]));
}

/** The prices under `latest:*`. */
export async function stored(redis: Redis, products: readonly string[]): Promise<Prices> {
  const values = await redis.mget(products.map((product) => `latest:underlying:${product}`));
  return new Map(
    products.flatMap((product, n) => {
      const value = values[n];
      return value ? [[product, (JSON.parse(value) as { price: number }).price] as const] : [];
    }),
  );
}
