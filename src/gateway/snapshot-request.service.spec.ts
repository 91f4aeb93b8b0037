import type { CacheService } from '../cache/cache.service.js';
import { loadConfig } from '../config/gateway-config.js';
import type { SnapshotAddress } from '../contract/index.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { parseMessage } from '../feed/parse-message.js';
import type { MarketMessage } from '../feed/market-message.js';
import type { FreshnessService } from '../freshness/freshness.service.js';
import type { GatewayMetrics } from './gateway.metrics.js';
import { SnapshotRequestService } from './snapshot-request.service.js';
import type { SnapshotSender } from './snapshot-sender.js';
import { systemClock } from '../common/clock.js';

type Found = readonly MarketMessage[] | undefined;

const product = (symbol: string): SnapshotAddress => ({ type: 'product', symbol });
const products = (count: number) => Array.from({ length: count }, (_, index) => product(`P${index}`));
const price = (symbol: string): MarketMessage => {
  const message = { product: symbol, price: 1, timestamp: '2026-11-22T04:43:39' };
  return parseMessage('enriched:underlying', JSON.stringify(message), { maxSize: 1_000 });
};

/** Uses a store that returns when the test says so. */
function setUp({ env = {}, memory = [] as readonly string[] } = {}) {
  const asked = new Map<string, (found: Found) => void>();
  const sent: string[] = [];
  const client = { id: 'client', connected: true, rooms: new Set<string>() };
  const cache = {
    nearest: ({ symbol }: { symbol: string }) => {
      const messages = memory.includes(symbol) ? [price(symbol)] : [];
      return { messages, sequence: 0, known: messages.length };
    },
    find: ({ symbol }: { symbol: string }) => new Promise<Found>((resolve) => asked.set(symbol, resolve)),
  };
  const freshness = {
    changes: 0,
    notify: () => undefined,
    notifyRequester: () => undefined,
    observeFetched: (_: MarketMessage, send: () => void) => send(),
  };
  const sender = {
    send: (_: unknown, message: MarketMessage) => sent.push(message.product),
    close: (_: unknown, { room, updates }: { room: string; updates: number }) =>
      sent.push(`${room} ${updates}`),
  };
  const metrics = { snapshotRooms: { inc: () => undefined } };
  const answers = new SnapshotRequestService(
    loadConfig(env),
    cache as unknown as CacheService,
    freshness as unknown as FreshnessService,
    sender as unknown as SnapshotSender,
    metrics as unknown as GatewayMetrics,
    systemClock,
  );
  const ask = (addresses: readonly SnapshotAddress[], mayHave: (address: SnapshotAddress) => boolean) =>
    answers.answer(client as unknown as GatewaySocket, addresses, mayHave);
  return { ask, asked, client, sent };
}

describe('SnapshotRequestService', () => {
  it('refuses a room that the new token does not allow, and sends none of its messages', async () => {
    const { ask, asked, sent } = setUp({ memory: ['KNOWN'] });
    let allowed = true;
    const answer = ask(
      [product('KNOWN'), product('LOST'), product('KEPT')],
      ({ symbol }) => allowed || symbol !== 'LOST',
    );
    allowed = false;
    for (const [symbol, found] of asked) found([price(symbol)]);
    await expect(answer).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: [{ field: 'symbol', problem: 'product:LOST is not allowed' }],
    });
    expect(sent.sort()).toEqual(['KEPT', 'KNOWN', 'product:KEPT 1', 'product:KNOWN 1']);
  });

  it('does not look up rooms that were still waiting when the token was replaced', async () => {
    const { ask, asked, sent } = setUp();
    let allowed = true;
    const answer = ask(products(20), () => allowed);
    allowed = false;
    const looked = [...asked];
    expect(looked).toHaveLength(8);
    for (const [symbol, found] of looked) found([price(symbol)]);
    await expect(answer).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(asked.size).toBe(8);
    expect(sent).toEqual([]);
  });

  it('is unavailable, and says when to try again, if the store cannot be reached', async () => {
    const { ask, asked } = setUp();
    const answer = ask([product('A'), product('B')], () => true);
    asked.get('A')!([]);
    asked.get('B')!(undefined);
    await expect(answer).rejects.toMatchObject({
      code: 'SNAPSHOT_UNAVAILABLE',
      details: [{ field: 'symbol', problem: 'product:B cannot be looked up at the moment' }],
      retryAfterMs: expect.any(Number) as number,
    });
  });

  it('times out if the store does not return, and does not send a late result', async () => {
    const { ask, asked, sent } = setUp();
    const answer = ask([product('A')], () => true);
    await expect(answer).rejects.toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE' });
    asked.get('A')!([price('A')]);
    await new Promise(setImmediate);
    expect(sent).toEqual([]);
  });

  it('sends nothing to a disconnected client', async () => {
    const { ask, asked, client, sent } = setUp();
    const answer = ask([product('A')], () => true);
    client.connected = false;
    asked.get('A')!([price('A')]);
    expect(await answer).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('completes one request even if it exceeds the limit of subscriptions, and refuses more at once', async () => {
    const { ask, asked } = setUp({ env: { MAX_SUBSCRIPTIONS: '1', MAX_SYMBOLS_PER_REQUEST: '20' } });
    const answer = ask(products(20), () => true);
    const more = ask(
      products(20).map(({ symbol }) => product(`MORE-${symbol}`)),
      () => true,
    );
    const refused = expect(more).rejects.toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE' });
    // Each result starts the next look-up.
    for (let count = 0; asked.size > count; await new Promise(setImmediate)) {
      for (const found of [...asked.values()].slice(count)) found([]);
      count = asked.size;
    }
    expect(await answer).toHaveLength(20);
    await refused;
  });
});
