import type { WebSocket } from 'ws';
import {
  type ChainView,
  parseTimestamp,
  marketAddress,
  VIEW_MODES,
  VIEW_RATES,
  VIEW_STRIKES,
  viewName,
  type ViewRequest,
} from '../../../src/contract/index.js';
import { projected } from '../../support/chain-projection.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';
import { Random } from '../../fuzz/support/random.js';

const PRODUCTS = ['NIFTY', 'AAPL'];
const EXPIRIES = [EXPIRY, '2026-12-03'];
const STRIKES = Array.from({ length: 60 }, (_, row) => 1_000 + 10 * row);
const STEPS = 250;

/** The `n`-th chain. The money moves, some options are missing, and some numbers are whole floats. */
function chain(product: string, n: number, expiry: string) {
  const legs = (side: number) =>
    STRIKES.filter((_, row) => (row + side) % 7 !== 0).map((strike) => ({
      symbol: `${product}${strike}`,
      strike,
      last: strike + n / 4,
      bid: null,
      volume: n * side,
      iv: 0.25,
    }));
  const timestamp = timestampOf(n);
  return {
    product,
    expiry,
    spot_price: 1_000 + ((n * 37) % 600),
    pcr_oi: 1,
    pcr_volume: 1,
    max_pain_strike: 1_200,
    atm_straddle_price: null,
    calls: legs(1),
    puts: legs(2),
    strikes: STRIKES,
    timestamp,
  };
}

/** Follows what a client receives: of each stream, nothing older after something newer. */
class Watcher {
  readonly newest = new Map<string, { readonly timestamp: string }>();
  readonly faults: string[] = [];

  constructor(readonly client: TestClient) {
    client.socket.onAny((event: string, payload: { product: string; expiry?: string; timestamp: string }) => {
      if (!['underlying_update', 'chain_summary', 'chain_view', 'chain_update'].includes(event)) return;
      const { product, expiry = '', timestamp } = payload;
      const content = event === 'chain_view' ? viewName((payload as ChainView).view) : '';
      const stream = `${event} ${product} ${expiry} ${content}`;
      const before = this.newest.get(stream)?.timestamp;
      if (before !== undefined && parseTimestamp(before)! > parseTimestamp(timestamp)!)
        this.faults.push(`${stream}: ${timestamp} after ${before}`);
      this.newest.set(stream, payload);
    });
  }

  /** Stops or starts reading from the TCP connection. */
  read(reads: boolean): void {
    const { ws } = this.client.socket.io.engine.transport as unknown as { readonly ws?: WebSocket };
    if (reads) ws?.resume();
    else ws?.pause();
  }

  async rooms(): Promise<readonly string[]> {
    return ((await this.client.ask('list_subscriptions')) as { rooms: readonly string[] }).rooms;
  }
}

it.each([1, 2, 3])(
  'clients that change their views and stop reading end with the newest update: %i',
  async (seed) => {
    const random = new Random(seed);
    const { ports, url } = await startMemoryGateway({ CONFLATE_ABOVE_BYTES: '65536' });
    const watchers = await Promise.all(
      ['websocket', 'websocket with MessagePack', 'plain websocket', 'polling'].map(
        async (kind) =>
          new Watcher(await TestClient.connect(url, { ...TRANSPORTS[kind], auth: { general: 'off' } })),
      ),
    );
    for (const { client } of watchers) await client.ask('unsubscribe', { type: 'general' });
    let n = 0;
    const newest = new Map<string, object>();
    const publishChain = (product: string, expiry: string): void => {
      const message = chain(product, ++n, expiry);
      newest.set(`${product} ${expiry}`, message);
      ports.feed.publish(OPTION_CHAIN, JSON.stringify(message));
    };
    const publishPrice = (product: string): void => {
      newest.set(product, underlying(product, ++n));
      ports.feed.publish(UNDERLYING, JSON.stringify(underlying(product, n)));
    };
    const anyRate = (): ViewRequest => ({ max_rate: random.pick([...VIEW_RATES]) });
    const anyRequest = (): object => {
      const type = random.pick(['chain', 'chain', 'chain', 'product', 'general']);
      if (type === 'general') return { type, view: anyRate() };
      const symbol = random.pick(PRODUCTS);
      if (type === 'product') return { type, symbol, ...(random.once(3) ? {} : { view: anyRate() }) };
      const view = {
        mode: random.pick([...VIEW_MODES]),
        ...(random.once(2) && { strikes: random.pick([...VIEW_STRIKES]) }),
        ...(random.once(2) && anyRate()),
      };
      return { type, symbol, ...(random.once(2) && { expiry: random.pick(EXPIRIES) }), view };
    };
    for (let step = 0; step < STEPS; step++) {
      const watcher = random.pick(watchers);
      switch (random.below(8)) {
        case 0:
        case 1:
          watcher.client.socket.emit('subscribe', { ...anyRequest(), replace: random.once(2) });
          break;
        case 2:
          watcher.client.socket.emit('unsubscribe', anyRequest());
          break;
        case 3:
          watcher.read(random.once(2));
          break;
        case 4:
          publishPrice(random.pick(PRODUCTS));
          break;
        default:
          publishChain(random.pick(PRODUCTS), random.pick(EXPIRIES));
      }
      if (step % 5 === 0) await new Promise((resolve) => setTimeout(resolve, random.below(60)));
    }
    for (const watcher of watchers) watcher.read(true);
    const rooms = await Promise.all(watchers.map((watcher) => watcher.rooms()));
    for (const product of PRODUCTS) {
      publishPrice(product);
      for (const expiry of EXPIRIES) publishChain(product, expiry);
    }

    for (const [index, watcher] of watchers.entries()) {
      for (const room of rooms[index]!) {
        const address = marketAddress(room)!;
        const expected = expectedOf(address, newest);
        await waitFor(
          () => expected.every(([stream, update]) => sameTime(watcher.newest.get(stream), update)),
          () => `${room} does not end with the newest update`,
          10_000,
        );
        for (const [stream, update] of expected) expect(watcher.newest.get(stream)).toEqual(update);
      }
      expect(watcher.faults).toEqual([]);
    }
  },
);

type Expected = readonly (readonly [stream: string, update: object])[];

/** The updates with which a client of a room must end, by their streams. */
function expectedOf(
  address: NonNullable<ReturnType<typeof marketAddress>>,
  newest: ReadonlyMap<string, object>,
): Expected {
  if (address.type !== 'chain') {
    const products = address.type === 'general' ? PRODUCTS : [address.symbol];
    return products.map((product) => [`underlying_update ${product}  `, newest.get(product)!]);
  }
  const { symbol, expiry, view } = address;
  const expiries = expiry === undefined ? EXPIRIES : [expiry];
  if (!view) return [];
  const { max_rate: _rate, ...content } = view;
  return expiries.map((one) => [
    `chain_view ${symbol} ${one} ${viewName(content)}`,
    projected(newest.get(`${symbol} ${one}`) as Parameters<typeof projected>[0], content),
  ]);
}

function sameTime(one: { readonly timestamp: string } | undefined, other: object): boolean {
  return one?.timestamp === (other as { readonly timestamp: string }).timestamp;
}
