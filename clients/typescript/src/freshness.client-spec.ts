import { FakeGateway, settle } from '../../../test/clients/support/fake-gateway.js';

const status = (product: string, word: 'stale' | 'live') => ({
  product,
  status: word,
  last_update: null,
  age_ms: null,
});

async function subscribed(general: boolean) {
  const gateway = new FakeGateway();
  const client = await gateway.up({ general });
  const told: string[] = [];
  client.on('stale', ({ product, stale, reason }) => told.push(`${product} ${stale ? reason : 'live'}`));
  const handle = client.subscribe({ type: 'product', symbol: 'A' });
  return { gateway, client, told, handle };
}

it.each([true, false])(
  'general: %s; stale by the gateway, by the connection, and live again, each told once',
  async (general) => {
    const { gateway, client, told, handle } = await subscribed(general);
    await handle.ready;
    expect(handle.stale).toBe(false);
    gateway.last.say('feed_status', status('A', 'stale'));
    expect([handle.stale, client.isStale('A')]).toEqual([true, true]);
    gateway.last.say('feed_status', status('A', 'live'));
    gateway.last.drop();
    expect(handle.stale).toBe(true);
    await gateway.pass(1_000);
    expect(handle.stale).toBe(true);
    gateway.last.connected();
    await settle();
    expect(handle.stale).toBe(false);
    expect(told.slice(-4)).toEqual(['A feed', 'A live', 'A connection', 'A live']);
  },
);

it('a product that is stale on return does not look live in between', async () => {
  const { gateway, client, told, handle } = await subscribed(true);
  await handle.ready;
  gateway.last.say('feed_status', status('A', 'stale'));
  gateway.last.drop();
  told.length = 0;
  await gateway.pass(1_000);
  gateway.last.connected();
  gateway.last.say('feed_status', status('A', 'stale'));
  await settle();
  // The subscription is answered: told anew, it stays; forgotten, it would be live.
  expect(client.isStale('A')).toBe(false);
  gateway.last.say('feed_status', status('A', 'stale'));
  expect(client.isStale('A')).toBe(true);
});

it('of a product that no room of the client is about, nothing is known: it counts as stale', async () => {
  const { client, handle } = await subscribed(false);
  await handle.ready;
  expect([client.isStale('A'), client.isStale('B')]).toEqual([false, true]);
});
