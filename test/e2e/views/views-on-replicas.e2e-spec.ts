import type { ViewRequest } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, numberOf, underlying } from '../../support/messages.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const REPLICAS = 3;
const UPDATES = 150;
const PRODUCTS = ['NIFTY', 'M&M'];

const VIEWS: readonly { readonly name: string; readonly type: string; readonly view?: ViewRequest }[] = [
  { name: 'full columns', type: 'chain', view: {} },
  { name: 'quotes of a few strikes', type: 'chain', view: { mode: 'quote', strikes: 5 } },
  { name: 'last prices, four times a second', type: 'chain', view: { mode: 'ltp', max_rate: 4 } },
  { name: 'Greeks, once a second', type: 'chain', view: { mode: 'greeks', strikes: 10, max_rate: 1 } },
  { name: 'prices, ten times a second', type: 'product', view: { max_rate: 10 } },
  { name: 'everything, twice a second', type: 'general', view: { max_rate: 2 } },
];

const range = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

it('clients of every kind of view on 3 replicas receive each update at most once, in order, and the last one', async () => {
  const redis = await RedisServer.start();
  const replicas = await Promise.all(
    range(REPLICAS).map(() =>
      GatewayProcess.start({ REDIS_URL: redis.url, CONFLATE_ABOVE_BYTES: '8388608' }),
    ),
  );
  const transports = Object.values(TRANSPORTS);
  const clients = await Promise.all(
    VIEWS.flatMap((kind, index) =>
      replicas.map(async (replica, number) => {
        const transport = transports[(index + number) % transports.length];
        const client = await TestClient.connect(replica.url, { ...transport, auth: { general: 'off' } });
        await client.ask('unsubscribe', { type: 'general' }); // plain WebSockets have no such option
        const { type, view } = kind;
        const symbols = type === 'general' ? {} : { symbols: PRODUCTS };
        expect(await client.ask('subscribe', { type, view, ...symbols })).toMatchObject({ ok: true });
        // A second room of the same updates, of which the client must not get a second copy.
        if (type === 'chain')
          await client.ask('subscribe', { type, symbol: PRODUCTS[0], expiry: EXPIRY, view });
        if (type === 'product')
          await client.ask('subscribe', { type, symbol: PRODUCTS[0], view: { max_rate: 1 } });
        return { kind, client };
      }),
    ),
  );
  for (const n of range(UPDATES)) {
    for (const product of PRODUCTS) {
      void redis.client.publish('enriched:underlying', JSON.stringify(underlying(product, n)));
      void redis.client.publish('enriched:option_chain', JSON.stringify(chain(product, n)));
    }
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const { kind, client } of clients) {
    const event = kind.type === 'chain' ? 'chain_view' : 'underlying_update';
    for (const product of PRODUCTS) {
      const numbers = () =>
        client
          .all(event)
          .filter((update) => update.product === product)
          .map((update) => Number(numberOf(update)));
      await waitFor(
        () => numbers().at(-1) === UPDATES,
        () => `${kind.name}: ${numbers().join()}`,
      );
      await client.settled();
      const received = numbers();
      expect([kind.name, received]).toEqual([kind.name, [...new Set(received)].sort((a, b) => a - b)]);
      if (kind.view?.max_rate === undefined)
        expect([kind.name, received]).toEqual([kind.name, range(UPDATES)]);
      else expect(received.length).toBeLessThan(UPDATES);
    }
  }
});
