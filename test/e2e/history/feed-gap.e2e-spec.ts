import { MemoryLatestStore } from '../../../src/cache/memory-latest-store.js';
import { FEED_CHANNELS } from '../../../src/feed/channels.js';
import type { FeedListener, FeedSource } from '../../../src/feed/feed-source.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { chain, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { TestClient } from '../../support/test-client.js';

/** The channels of a subscription of its own, as with sharded pub/sub. */
const PRICES = [UNDERLYING];
const WRITE_INTERVAL_MS = 50;

/** A feed whose subscription the test loses and restores. */
class ScriptedFeed implements FeedSource {
  status = { up: true };
  private listener: FeedListener | undefined;

  start(_: readonly string[], listener: FeedListener): void {
    this.listener = listener;
    listener.up();
  }
  price(n: number): void {
    this.listener!.message(UNDERLYING, JSON.stringify(underlying('A', n)));
  }
  chain(n: number): void {
    this.listener!.message(OPTION_CHAIN, JSON.stringify(chain('A', n)));
  }
  lose(channels: readonly string[] = FEED_CHANNELS): void {
    this.listener!.down(channels);
  }
  restore(): void {
    this.listener!.up();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

async function setUp() {
  const feed = new ScriptedFeed();
  const store = new MemoryLatestStore(() => Date.now());
  const env = { CACHE_WRITE_INTERVAL_MS: `${WRITE_INTERVAL_MS}` };
  const { url } = await startMemoryGateway(env, { feed, store });
  const connect = async (since?: number) => {
    const client = await TestClient.connect(url, { transports: ['websocket'], auth: { general: 'off' } });
    const request = { type: 'product', symbol: 'A', ...(since && { since: timestampOf(since) }) };
    await client.ask('subscribe', request);
    return client;
  };
  return { feed, store, connect };
}

/** The prices and gaps that a client was sent, in order. */
const story = (client: TestClient): unknown[] =>
  client.received.flatMap(({ event, payload }): unknown[] => {
    if (event === 'feed_gap') return ['gap'];
    return event === 'underlying_update' ? [(payload as { price: number }).price] : [];
  });

it('tells the gap before the first update after it, even if the feed is not up yet', async () => {
  const { feed, connect } = await setUp();
  const client = await connect();
  feed.price(1);
  feed.lose();
  feed.price(3);
  feed.price(4);
  // The subscription is lost again before it was up.
  feed.lose();
  feed.price(6);
  feed.restore();
  feed.price(7);
  await client.settled();
  expect(story(client)).toEqual([1, 'gap', 3, 4, 'gap', 6, 7]);
});

it('tells the gap of a channel that is still lost while another one delivers', async () => {
  const { feed, connect } = await setUp();
  const client = await connect();
  feed.price(1);
  feed.lose(PRICES);
  feed.chain(1);
  feed.price(3);
  feed.restore();
  feed.price(4);
  await client.settled();
  expect(story(client)).toEqual([1, 'gap', 3, 4]);
});

it('keeps an update in the history that reached the store before this replica', async () => {
  const { feed, store, connect } = await setUp();
  const client = await connect();
  feed.price(1);
  feed.price(2);
  // The worker writes an update before it publishes it, and this replica is slow to receive it.
  await store.set('latest:underlying:A', JSON.stringify(underlying('A', 4)), 60_000);
  await client.next('underlying_update', 3); // the replica found it in the store
  feed.price(3);
  feed.price(4);
  feed.price(5);
  await client.settled();
  // A client never gets an older price after a newer one, so it is told that it missed one.
  expect(story(client)).toEqual([1, 2, 4, 'gap', 5]);
  const late = await connect(2);
  expect(late.all('subscribed')).toMatchObject([{ recovered: true }]);
  expect(story(late)).toEqual([3, 4, 5]);
});
