import { seededRandom } from '../../test/support/manual-clock.js';
import { JsonPayload } from '../contract/index.js';
import {
  chainKey,
  type ChainMessage,
  underlyingKey,
  type UnderlyingMessage,
} from '../feed/market-message.js';
import { LatestMessages, type StoredUse } from './latest-messages.js';

const DAY = 86_400_000_000;
const NOON = Date.UTC(2026, 10, 22, 12) * 1000;

const SECOND = 1_000_000;

/** @param time and processed in microseconds after noon */
const price = (product: string, time: number, processed = time, size = 100): UnderlyingMessage => {
  const key = underlyingKey(product);
  const payload = new JsonPayload<never>(`${time},${processed}`.padEnd(size), key);
  const [at, processedTime] = [NOON + time, NOON + processed];
  return { kind: 'underlying', product, key, time: at, processedTime, price: time, payload };
};
const NO_TOTALS = { atm_strike: null, total_call_oi: null, total_put_oi: null };
const chain = (product: string, expiry: string, time: number, processed = time): ChainMessage => {
  const key = chainKey(product, expiry);
  const payload = new JsonPayload<never>(`${time},${processed}`.padEnd(100), key);
  const summary = { product, expiry, spot_price: time } as ChainMessage['summary'];
  const [at, processedTime] = [NOON + time, NOON + processed];
  return {
    kind: 'chain',
    product,
    expiry,
    key,
    time: at,
    processedTime,
    payload,
    summary,
    totals: NO_TOTALS,
  };
};
const withText = (message: UnderlyingMessage, text: string): UnderlyingMessage => ({
  ...message,
  payload: new JsonPayload<never>(text, message.key),
});
const priced = (message: UnderlyingMessage, value: number): UnderlyingMessage => ({
  ...withText(message, `${value}`),
  price: value,
});

/**
 * @param wallNow the wall clock, ms after noon. The default is a day later, as when a recording is
 *   replayed.
 */
function setUp({ maxBytes = 1_000_000, clockResetAfterMs = 5_000, wallNow = DAY / 1_000 } = {}) {
  const evicted: string[] = [];
  const latest = new LatestMessages({
    maxBytes,
    clockResetAfterMs,
    wallNow: () => NOON / 1_000 + wallNow,
    onEvict: (message) => evicted.push(message.product),
  });
  const offerStored = (
    message: UnderlyingMessage | ChainMessage,
    use: StoredUse,
    { short = false, since = latest.sequence } = {},
  ) => latest.offerStored({ message, short, since }, use);
  return { latest, evicted, offerStored };
}

describe('LatestMessages', () => {
  it('accepts newer messages, and drops older ones and duplicates of the newest', () => {
    const { latest } = setUp();
    expect([3, 3, 2, 4].map((time) => latest.offerLive(price('X', time)))).toEqual([
      'newest',
      'repeated',
      'older',
      'newest',
    ]);
    expect(latest.get('latest:underlying:X')?.time).toBe(NOON + 4);
  });

  it('picks the same newest of messages with equal times, in whatever order they arrive', () => {
    const early = price('X', 5, 7);
    const late = price('X', 5, 8);
    const same = [price('X', 5, 8), withText(price('X', 5, 8), 'z')];
    for (const [first, second, newest] of [
      [early, late, late],
      [late, early, late],
      [same[0]!, same[1]!, same[1]!],
      [same[1]!, same[0]!, same[1]!],
    ] as const) {
      const { latest, offerStored } = setUp();
      expect(latest.offerLive(first)).toBe('newest');
      expect(latest.offerLive(second)).toBe(second === newest ? 'newest' : 'older');
      expect(latest.get('latest:underlying:X')).toBe(newest);
      // A replica that reads one from the store and receives the other from the feed.
      const other = setUp();
      other.offerStored(first, 'refresh');
      other.latest.offerLive(second);
      expect(other.latest.get('latest:underlying:X')).toBe(newest);
      // A replica that has the newest and reads the other from the store.
      expect(offerStored(newest === first ? second : first, 'refresh')).toBe(false);
    }
  });

  it('orders each product, and each expiry of a product, separately', () => {
    const { latest } = setUp();
    latest.offerLive(price('X', 9));
    expect(latest.offerLive(price('Y', 1))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-11-26', 1))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-12-03', 0))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-11-26', 0))).toBe('older');
  });

  describe("when a producer's clock is set back", () => {
    it('accepts the new time after only older messages have arrived for the configured time', () => {
      const { latest } = setUp();
      latest.offerLive(price('X', 60 * SECOND));
      const back = (second: number) => latest.offerLive(price('X', second * SECOND));
      expect([0, 2, 4.999, 5, 6, 5].map(back)).toEqual([
        ...['older', 'older', 'older', 'rebased', 'newest', 'older'],
      ]);
    });

    it('measures that time by processed_at of the messages, not by when they arrive', () => {
      const { latest } = setUp();
      latest.offerLive(price('X', 60 * SECOND, 60 * SECOND));
      const back = (n: number, processed: number) => latest.offerLive(price('X', n, processed * SECOND));
      expect([back(1, 61), back(2, 62), back(3, 65.999), back(4, 66)]).toEqual([
        ...['older', 'older', 'older', 'rebased'],
      ]);
    });

    it('does not count late messages that arrive between newer ones', () => {
      const { latest } = setUp();
      for (let time = 10; time < 30; time++) {
        expect(latest.offerLive(price('X', time * SECOND))).toBe('newest');
        expect(latest.offerLive(price('X', (time - 9) * SECOND))).toBe('older');
      }
    });

    it('recovers from one message that was stamped far in the future', () => {
      const { latest } = setUp({ wallNow: 0 });
      latest.offerLive(price('X', 365 * DAY));
      for (let second = 0; second < 5; second++) {
        expect(latest.offerLive(price('X', second * SECOND))).toBe('older');
      }
      expect(latest.offerLive(price('X', 5 * SECOND))).toBe('rebased');
    });

    it('does not accept a new time because of duplicates or late messages out of order', () => {
      const { latest } = setUp();
      latest.offerLive(price('X', 1_000 * SECOND));
      for (const [index, time] of [5, 5, 5, 4, 3, 7, 2, 9, 1].entries()) {
        expect(latest.offerLive(price('X', time, index * 6 * SECOND))).toBe('older');
      }
    });

    it('keeps dropping redelivered chains while the price of their product gets newer', () => {
      const { latest } = setUp();
      latest.offerLive(chain('X', '2026-11-26', 3_600 * SECOND));
      for (let second = 1; second < 100; second++) {
        expect(latest.offerLive(price('X', (3_600 + second) * SECOND))).toBe('newest');
        expect(latest.offerLive(chain('X', '2026-11-26', second * SECOND))).toBe('older');
      }
    });

    it('accepts the new time of a chain and of the price of its product if both were set back', () => {
      const { latest } = setUp();
      latest.offerLive(price('X', 3_600 * SECOND));
      latest.offerLive(chain('X', '2026-11-26', 3_600 * SECOND));
      const verdicts = Array.from({ length: 8 }, (_, second) => [
        latest.offerLive(price('X', second * SECOND)),
        latest.offerLive(chain('X', '2026-11-26', second * SECOND)),
      ]);
      expect(verdicts[5]).toEqual(['rebased', 'rebased']);
      expect(verdicts[6]).toEqual(['newest', 'newest']);
    });

    it('waits ten times as long if the newest message agreed with the wall clock', () => {
      const { latest } = setUp({ wallNow: 0 });
      latest.offerLive(chain('X', '2026-11-26', 0));
      const HOUR = 3_600 * SECOND;
      for (let second = 0; second < 50; second++) {
        expect(latest.offerLive(chain('X', '2026-11-26', second * SECOND - HOUR))).toBe('older');
      }
      expect(latest.offerLive(chain('X', '2026-11-26', 50 * SECOND - HOUR))).toBe('rebased');
    });

    it('waits ten times as long also if the newest message was read from the store at startup', () => {
      const { latest, offerStored } = setUp({ wallNow: 2_000 });
      offerStored(chain('X', '2026-11-26', 0), 'warm');
      const HOUR = 3_600 * SECOND;
      for (let second = 0; second < 50; second++) {
        expect(latest.offerLive(chain('X', '2026-11-26', second * SECOND - HOUR))).toBe('older');
      }
      expect(latest.offerLive(chain('X', '2026-11-26', 50 * SECOND - HOUR))).toBe('rebased');
    });

    it('ignores a stored message from before the clock was set back', () => {
      const { latest, offerStored } = setUp();
      latest.offerLive(price('X', 60 * SECOND));
      for (const second of [0, 2, 5, 6]) latest.offerLive(price('X', second * SECOND));
      const left = price('X', 60 * SECOND);
      expect(latest.compareStored(left.key, { message: left, short: false })).toBeLessThan(0);
      expect(offerStored(left, 'refresh')).toBe(false);
      expect(offerStored(price('X', 61 * SECOND), 'refresh')).toBe(true);
    });

    it('accepts a stored message that it missed after the clock was set back', () => {
      const { latest, offerStored } = setUp();
      const HOUR = 3_600 * SECOND;
      latest.offerLive(price('X', HOUR));
      for (const second of [0, 2, 5, 6]) latest.offerLive(price('X', second * SECOND));
      const missed = price('X', 20 * SECOND);
      expect(latest.compareStored(missed.key, { message: missed, short: false })).toBeGreaterThan(0);
      expect(offerStored(missed, 'refresh')).toBe(true);
      // A message from shortly before the clock was set back.
      expect(offerStored(price('X', HOUR - 20 * SECOND), 'refresh')).toBe(false);
    });
  });

  describe('stored messages', () => {
    it('are accepted only if newer, and never set the time back', () => {
      const { latest, offerStored } = setUp();
      expect(offerStored(price('X', 5), 'snapshot')).toBe(true);
      expect(offerStored(price('X', 5), 'snapshot')).toBe(false);
      expect(offerStored(price('X', 4), 'snapshot')).toBe(false);
      expect(latest.offerLive(price('X', 4))).toBe('older');
      expect(offerStored(price('X', 6), 'refresh')).toBe(true);
    });

    it('that a refresh broadcast are not broadcast again when their live message arrives', () => {
      const { latest, offerStored } = setUp();
      offerStored(price('X', 5), 'refresh');
      expect([5, 6].map((time) => latest.offerLive(price('X', time)))).toEqual(['repeated', 'newest']);
      offerStored(price('W', 5), 'warm'); // clients that connect after startup have not received it
      expect(latest.offerLive(price('W', 5))).toBe('newest');
      offerStored(price('Y', 5), 'snapshot'); // sent to one client, not to the rooms
      expect(latest.offerLive(price('Y', 5))).toBe('newest');
    });

    it("in the worker's short form are replaced by their live message without a second broadcast", () => {
      const { latest, offerStored } = setUp();
      offerStored(priced(price('X', 5), 100), 'refresh', { short: true });
      const live = priced(price('X', 5, 7), 100);
      expect(latest.offerLive(live)).toBe('repeated');
      expect(latest.get(live.key)).toBe(live);
      expect(latest.offerLive(priced(price('X', 5, 8), 101))).toBe('newest');
    });

    it("in the worker's short form are newer than memory with the same time if the price differs", () => {
      const { latest, offerStored } = setUp();
      latest.offerLive(priced(price('X', 5, 7), 100));
      expect(offerStored(priced(price('X', 5), 100), 'refresh', { short: true })).toBe(false);
      // The store was read before the live message arrived, and may not have had it.
      expect(offerStored(priced(price('X', 5), 101), 'refresh', { short: true, since: 0 })).toBe(false);
      expect(offerStored(priced(price('X', 5), 101), 'refresh', { short: true })).toBe(true);
    });

    it("that were read for one client's snapshot are broadcast when a refresh finds them", () => {
      const { offerStored } = setUp();
      for (const [product, short] of [
        ['X', false],
        ['Y', true],
      ] as const) {
        offerStored(price(product, 4), 'refresh');
        expect(offerStored(price(product, 5), 'snapshot', { short })).toBe(true);
        expect(offerStored(price(product, 4), 'refresh', { short })).toBe(false);
        expect(offerStored(price(product, 5), 'refresh', { short })).toBe(true);
        expect(offerStored(price(product, 5), 'refresh', { short })).toBe(false);
      }
    });

    it("in the worker's short form are older than memory with the same time if their price was superseded", () => {
      for (const prices of [
        [9, 10],
        [10, 9],
        [10, 9, 10],
      ]) {
        const { latest, offerStored } = setUp();
        // Both times are equal, so the text decides, and '9' sorts after '10'.
        for (const value of prices) latest.offerLive(priced(price('X', 5), value));
        const stored = priced(price('X', 5), 10);
        expect(latest.get(stored.key)).toMatchObject({ price: 9 });
        expect(latest.compareStored(stored.key, { message: stored, short: true })).toBeLessThan(0);
        expect(offerStored(stored, 'refresh', { short: true })).toBe(false);
        expect(offerStored(priced(price('X', 5), 11), 'refresh', { short: true })).toBe(true);
      }
    });

    it.each(['snapshot', 'warm'] as const)(
      'that were read for a %s name the clients that have them, once they are published',
      (use) => {
        const { latest, offerStored } = setUp();
        const message = price('A', 1);
        const { key } = message;
        offerStored(message, use);
        for (const client of ['first', 'first', 'second']) latest.serve(message, client);
        latest.serve(price('A', 1), 'of another message');
        expect([latest.wasServed(key, 'first'), latest.wasServed(key, 'third')]).toEqual([true, false]);
        expect(latest.offerLive(price('A', 1))).toBe('newest');
        latest.serve(latest.get(key)!, 'later');
        expect([...latest.takeServed(key)!]).toEqual(['first', 'second']);
        expect(latest.takeServed(key)).toBeUndefined();
      },
    );

    it('that a refresh finds again name the clients that have them', () => {
      const { latest, offerStored } = setUp();
      const message = price('A', 1);
      offerStored(message, 'snapshot');
      latest.serve(message, 'first');
      expect(offerStored(price('A', 1), 'refresh')).toBe(true);
      expect([...latest.takeServed(message.key)!]).toEqual(['first']);
    });

    it('forget the clients that have them when another message replaces them, or they are evicted', () => {
      const { latest, offerStored } = setUp({ maxBytes: 1 });
      const message = price('A', 1);
      offerStored(message, 'snapshot');
      latest.serve(message, 'first');
      latest.offerLive(price('A', 2));
      expect(latest.takeServed(message.key)).toBeUndefined();
      const other = price('B', 1);
      offerStored(other, 'snapshot');
      latest.serve(other, 'first');
      latest.offerLive(price('A', 3));
      expect(latest.takeServed(other.key)).toBeUndefined();
    });

    it('remember a limited number of clients that have them', () => {
      const { latest, offerStored } = setUp({ maxBytes: 100_000_000 });
      const messages = Array.from({ length: 200 }, (_, n) => price(`P${n}`, 1));
      for (const message of messages) {
        offerStored(message, 'warm');
        for (let n = 0; n < 150; n++) latest.serve(message, `${n}`);
      }
      const sizes = messages.map(({ key }) => latest.takeServed(key)?.size ?? 0);
      expect([sizes[0], sizes.reduce((sum, size) => sum + size)]).toEqual([100, 10_000]);
      const last = messages.at(-1)!;
      latest.serve(last, 'again');
      expect(latest.takeServed(last.key)?.size).toBe(1);
    });

    it('count as broadcast if read by a refresh, but not if read for a snapshot', () => {
      const { latest, offerStored } = setUp();
      offerStored(price('X', 5), 'snapshot');
      expect(latest.wasBroadcastSince('latest:underlying:X', 0)).toBe(false);
      offerStored(price('X', 6), 'refresh');
      expect(latest.wasBroadcastSince('latest:underlying:X', 0)).toBe(true);
      expect(latest.wasHeardSince('latest:underlying:X', 0)).toBe(false);
      const { sequence } = latest;
      expect(latest.wasBroadcastSince('latest:underlying:X', sequence)).toBe(false);
      latest.offerLive(price('X', 7));
      expect(latest.wasBroadcastSince('latest:underlying:X', sequence)).toBe(true);
      expect(latest.wasHeardSince('latest:underlying:X', sequence)).toBe(true);
      expect(latest.wasBroadcastSince('latest:underlying:unknown', 0)).toBe(false);
    });
  });

  it('returns the live expiries of a product, nearest first, by the time of the feed', () => {
    const { latest } = setUp();
    for (const expiry of ['2026-12-03', '2026-11-21', '2026-11-22', '2026-11-26']) {
      latest.offerLive(chain('X', expiry, 0));
    }
    const live = () => latest.liveChains('X').map((message) => message.expiry);
    expect(live()).toEqual(['2026-11-22', '2026-11-26', '2026-12-03']);
    latest.offerLive(price('X', DAY));
    expect(live()).toEqual(['2026-11-26', '2026-12-03']);
    expect(latest.liveChains('unknown')).toEqual([]);
  });

  it('shows the nearer chains again after the next message if one was stamped in the future', () => {
    const { latest } = setUp();
    for (const expiry of ['2026-11-26', '2026-12-03']) latest.offerLive(chain('X', expiry, 0));
    latest.offerLive(chain('X', '2027-01-28', 100 * DAY));
    expect(latest.liveChains('X')).toEqual([]);
    latest.offerLive(price('X', 1));
    expect(latest.liveChains('X').map(({ expiry }) => expiry)).toEqual([
      '2026-11-26',
      '2026-12-03',
      '2027-01-28',
    ]);
  });

  it('decides which stored expiries are live by their latest time, whatever their order', () => {
    const { latest, offerStored } = setUp();
    offerStored(chain('X', '2026-12-03', 5 * DAY), 'snapshot');
    offerStored(chain('X', '2026-11-26', 0), 'snapshot');
    expect(latest.liveChains('X').map(({ expiry }) => expiry)).toEqual(['2026-12-03']);
  });

  it('lists its products and the most recent expiries', () => {
    const { latest } = setUp();
    latest.offerLive(price('X', 0));
    latest.offerLive(chain('Y', '2026-11-26', 0));
    expect(latest.products()).toEqual(['X', 'Y']);
    expect(latest.recentExpiries()).toEqual(['2026-11-26']);
    for (let day = 10; day < 40; day++) latest.offerLive(chain('Y', `2027-01-${day}`, 0));
    expect(latest.recentExpiries()).toHaveLength(24);
    expect(latest.recentExpiries().at(-1)).toBe('2027-01-39');
  });

  it('evicts the least recently updated messages when it is over its limit', () => {
    const { latest, evicted } = setUp({ maxBytes: 3 * (3 * 100 + 1_024) });
    for (const product of ['A', 'B', 'C']) latest.offerLive(price(product, 0));
    latest.offerLive(price('A', 1));
    latest.offerLive(chain('D', '2026-11-26', 0));
    expect(evicted).toEqual(['B']);
    for (const product of ['E', 'F', 'G']) latest.offerLive(price(product, 0));
    expect(latest.keys()).toEqual(['E', 'F', 'G'].map(underlyingKey));
    expect(latest.liveChains('D')).toEqual([]);
    expect(latest.size).toBe(3);
    expect(latest.bytes).toBe(3 * (3 * 100 + 1_024));
  });

  it('still lists products and expiries whose messages were evicted', () => {
    const { latest } = setUp({ maxBytes: 2 * (3 * 100 + 1_024) });
    for (const expiry of ['2026-12-10', '2026-12-03', '2026-11-26']) latest.offerLive(chain('X', expiry, 0));
    expect(latest.liveChains('X').map(({ expiry }) => expiry)).toEqual(['2026-11-26', '2026-12-03']);
    expect(latest.nearestChains('X', 24).evicted).toEqual(['2026-12-10']);
    latest.offerLive(price('Y', 0));
    latest.offerLive(price('Z', 0));
    expect(latest.products()).toEqual(['X', 'Y', 'Z']);
    latest.offerLive(chain('X', '2026-12-10', 1));
    expect(latest.nearestChains('X', 24).evicted).toEqual(['2026-11-26', '2026-12-03']);
  });

  it('keeps a single message that is larger than the limit', () => {
    const { latest } = setUp({ maxBytes: 10 });
    latest.offerLive(price('A', 0, 0, 5_000));
    expect(latest.products()).toEqual(['A']);
  });
});

describe('LatestMessages with many expiries of one product', () => {
  const expiryOf = (n: number) =>
    new Date(Date.UTC(2026, 10, 22) + n * 86_400_000).toISOString().slice(0, 10);
  const shuffled = (count: number) => {
    const random = seededRandom(count);
    return Array.from({ length: count }, (_, n) => ({ n, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ n }) => expiryOf(n));
  };

  it.each([
    ['ascending', (count: number) => shuffled(count).sort()],
    ['descending', (count: number) => shuffled(count).sort().reverse()],
    ['shuffled', shuffled],
  ])('finds the nearest live expiries and counts all if they arrive in %s order', (_, make) => {
    for (const count of [0, 1, 4, 5, 6, 9, 10, 11, 100]) {
      const { latest } = setUp({ maxBytes: 10_000_000 });
      latest.offerLive(chain('X', '2026-11-21', -DAY)); // expired by the time of the others
      for (const expiry of make(count)) latest.offerLive(chain('X', expiry, 0));
      if (count === 0) latest.offerLive(price('X', 0));
      const live = make(count).sort();
      for (const most of [1, 2, 5, 1_000, Infinity]) {
        const nearest = latest.nearestChains('X', most);
        expect(nearest.messages.map(({ expiry }) => expiry)).toEqual(live.slice(0, most));
        expect(nearest).toMatchObject({ evicted: [], live: count });
      }
    }
  });

  it('returns no chains for an unknown product', () => {
    expect(setUp().latest.nearestChains('X', 5)).toEqual({ messages: [], evicted: [], live: 0 });
  });
});

it('LatestMessages: changes its products version with each new product, and knows evicted ones', () => {
  const { latest } = setUp({ maxBytes: 2 * (3 * 100 + 1_024) });
  const versions = new Set([latest.productsVersion]);
  latest.offerLive(price('A', 0));
  versions.add(latest.productsVersion);
  latest.offerLive(price('A', 1));
  latest.offerLive(chain('A', '2026-11-26', 1));
  versions.add(latest.productsVersion);
  expect(versions.size).toBe(2);
  expect([latest.knows('A'), latest.knows('B')]).toEqual([true, false]);
  for (const product of ['B', 'C']) latest.offerLive(price(product, 0));
  versions.add(latest.productsVersion);
  expect(versions.size).toBe(3);
  // A product is still known after its message was evicted.
  expect(latest.get(underlyingKey('A'))).toBeUndefined();
  expect([latest.knows('A'), latest.knows('B')]).toEqual([true, true]);
});
