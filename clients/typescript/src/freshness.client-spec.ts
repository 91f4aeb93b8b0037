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
  const { gateway, client, told, handle } = await subscribed(false);
  await handle.ready;
  gateway.last.say('feed_status', status('A', 'stale'));
  gateway.last.drop();
  told.length = 0;
  await gateway.pass(1_000);
  gateway.answers = false;
  gateway.last.connected({}, []);
  await settle();
  // What the gateway answers to a subscription, in its order.
  gateway.last.say('subscribed', { room: 'product:A', message: '' });
  gateway.last.say('feed_status', status('A', 'stale'));
  gateway.last.sent.at(-1)!.ack({ ok: true, rooms: ['product:A'] });
  expect(client.isStale('A')).toBe(true);
  expect(told).toEqual([]);
});

it('what was stale is forgotten when its room is answered without a word of it', async () => {
  const { gateway, client, handle } = await subscribed(true);
  await handle.ready;
  gateway.last.say('feed_status', status('A', 'stale'));
  await client.subscribe({ type: 'chain', symbol: 'A' }).ready;
  expect(client.isStale('A')).toBe(false);
});

it('of a product that no room of the client is about, nothing is known: it counts as stale', async () => {
  const { client, handle } = await subscribed(false);
  await handle.ready;
  expect([client.isStale('A'), client.isStale('B')]).toEqual([false, true]);
});
