import { setImmediate as turn } from 'node:timers/promises';
import type { CacheService } from '../cache/cache.service.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { SnapshotAddress } from '../contract/index.js';
import type { MarketMessage } from '../feed/market-message.js';
import type { FreshnessService } from '../freshness/freshness.service.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { LatestUpdates } from './latest-updates.js';

const price = (symbol: string): SnapshotAddress => ({ type: 'product', symbol });

/** A cache whose look-ups a test settles by hand. */
function setUp() {
  const clock = new ManualClock();
  const memory = new Map<string, MarketMessage>();
  const asked: string[] = [];
  const pending = new Map<string, (found: readonly MarketMessage[] | undefined) => void>();
  const messagesOf = (symbol: string) => [memory.get(symbol)].filter((message) => message !== undefined);
  const cache = {
    nearest: ({ symbol }: { symbol: string }) => {
      const messages = messagesOf(symbol);
      return { messages, complete: messages.length > 0, sequence: 0, known: messages.length };
    },
    find: ({ symbol }: { symbol: string }) => {
      asked.push(symbol);
      return new Promise((resolve) => pending.set(symbol, resolve));
    },
  } as unknown as CacheService;
  const observed: MarketMessage[] = [];
  const freshness = {
    observeFetched: (message: MarketMessage) => void observed.push(message),
  } as unknown as FreshnessService;
  const config = { maxChainsPerSnapshot: 64 } as GatewayConfig;
  const updates = new LatestUpdates(config, cache, freshness, clock);
  const find = (symbols: readonly string[], isWanted = () => true) =>
    updates.find(symbols.map(price), isWanted).then(
      (rooms) => rooms.map(({ messages }) => messages.length),
      (error: unknown) => (error as { body: object }).body,
    );
  const settle = async (symbol: string, message?: MarketMessage) => {
    if (message) memory.set(symbol, message);
    pending.get(symbol)!(message ? [message] : []);
    await turn();
  };
  return { clock, memory, asked, pending, observed, find, settle };
}

const MESSAGE = { kind: 'underlying' } as MarketMessage;

it('asks the store only for what memory does not have, and observes what it finds', async () => {
  const { memory, asked, observed, find, settle, clock } = setUp();
  memory.set('A', MESSAGE);
  const found = find(['A', 'B']);
  await settle('B', MESSAGE);
  expect(await found).toEqual([1, 1]);
  expect([asked, observed]).toEqual([['B'], [MESSAGE]]);
  expect(clock.pending).toBe(0);
});

it('asks again for what the store does not have only after a while', async () => {
  const { asked, find, settle, clock } = setUp();
  const found = find(['X']);
  await settle('X');
  expect(await found).toEqual([0]);
  expect(await find(['X'])).toEqual([0]);
  expect(asked).toEqual(['X']);
  clock.advance(5_000);
  void find(['X']);
  expect(asked).toEqual(['X', 'X']);
});

it('looks up a few rooms of a request at a time, and none after its client has gone', async () => {
  const { asked, find, settle } = setUp();
  let isWanted = true;
  void find(
    Array.from({ length: 20 }, (_, n) => `S${n}`),
    () => isWanted,
  );
  expect(asked).toHaveLength(8);
  await settle('S0');
  expect(asked).toHaveLength(9);
  isWanted = false;
  await settle('S1');
  expect(asked).toHaveLength(9);
});

it('refuses the request if the store cannot be read, or not in time', async () => {
  const { find, pending, settle, clock } = setUp();
  const failed = find(['A', 'B']);
  pending.get('A')!(undefined);
  await settle('B', MESSAGE);
  expect(await failed).toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE', rooms: ['product:A'] });
  const late = find(['C']);
  clock.advance(5_000);
  expect(await late).toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE', rooms: ['product:C'] });
});
