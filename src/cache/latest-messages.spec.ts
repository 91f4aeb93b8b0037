import { JsonPayload } from '../contract/index.js';
import {
  chainKey,
  type ChainMessage,
  underlyingKey,
  type UnderlyingMessage,
} from '../feed/market-message.js';
import { LatestMessages } from './latest-messages.js';

const DAY = 86_400_000_000;
const NOON = Date.UTC(2026, 10, 22, 12) * 1000;

const price = (product: string, time: number, size = 100): UnderlyingMessage => {
  const key = underlyingKey(product);
  const payload = new JsonPayload<never>('x'.repeat(size), key);
  return { kind: 'underlying', product, key, time: NOON + time, processedTime: NOON, price: time, payload };
};
const chain = (product: string, expiry: string, time: number): ChainMessage => {
  const key = chainKey(product, expiry);
  const payload = new JsonPayload<never>('x'.repeat(100), key);
  const summary = { product, expiry, spot_price: time } as ChainMessage['summary'];
  return { kind: 'chain', product, expiry, key, time: NOON + time, processedTime: NOON, payload, summary };
};

function setUp({ maxBytes = 1_000_000, clockResetAfterMs = 5_000 } = {}) {
  const clock = { ms: 0 };
  const evicted: string[] = [];
  const latest = new LatestMessages({
    maxBytes,
    clockResetAfterMs,
    now: () => clock.ms,
    onEvict: (message) => evicted.push(message.product),
  });
  return { latest, clock, evicted };
}

describe('LatestMessages', () => {
  it('takes newer messages and those of the same time, and drops older ones', () => {
    const { latest } = setUp();
    expect([3, 3, 2, 4].map((time) => latest.offerLive(price('X', time)))).toEqual([
      'newest',
      'newest',
      'older',
      'newest',
    ]);
    expect(latest.get('latest:underlying:X')?.time).toBe(NOON + 4);
  });

  it('judges each product, and each expiry of a product, by itself', () => {
    const { latest } = setUp();
    latest.offerLive(price('X', 9));
    expect(latest.offerLive(price('Y', 1))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-11-26', 1))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-12-03', 0))).toBe('newest');
    expect(latest.offerLive(chain('X', '2026-11-26', 0))).toBe('older');
  });

  describe('when a producer is set back', () => {
    it('takes the new time base once only older messages came for the while', () => {
      const { latest, clock } = setUp();
      latest.offerLive(price('X', 1_000));
      expect(latest.offerLive(price('X', 1))).toBe('older');
      clock.ms = 4_999;
      expect(latest.offerLive(price('X', 2))).toBe('older');
      clock.ms = 5_000;
      expect(latest.offerLive(price('X', 3))).toBe('rebased');
      expect(latest.offerLive(price('X', 4))).toBe('newest');
      expect(latest.offerLive(price('X', 3))).toBe('older');
    });

    it('does not count stragglers among newer messages', () => {
      const { latest, clock } = setUp();
      for (let time = 10; time < 30; time++) {
        clock.ms += 1_000;
        expect(latest.offerLive(price('X', time))).toBe('newest');
        expect(latest.offerLive(price('X', 1))).toBe('older');
      }
    });

    it('gets out of a time base in the far future, left by one wrong message', () => {
      const { latest, clock } = setUp();
      latest.offerLive(price('X', 365 * DAY));
      for (let second = 0; second < 5; second++) {
        clock.ms = second * 1_000;
        expect(latest.offerLive(price('X', second))).toBe('older');
      }
      clock.ms = 5_000;
      expect(latest.offerLive(price('X', 5))).toBe('rebased');
    });

    it('does not take copies of an old message, or stragglers out of order, for a new time base', () => {
      const { latest, clock } = setUp();
      latest.offerLive(price('X', 1_000));
      for (const time of [5, 5, 5, 4, 3, 7, 2, 9, 1]) {
        clock.ms += 6_000;
        expect(latest.offerLive(price('X', time))).toBe('older');
      }
    });
  });

  describe('stored messages', () => {
    it('are news only when strictly newer, and never set the time back', () => {
      const { latest, clock } = setUp();
      expect(latest.offerStored(price('X', 5), 'snapshot')).toBe(true);
      expect(latest.offerStored(price('X', 5), 'snapshot')).toBe(false);
      clock.ms = 60_000;
      expect(latest.offerStored(price('X', 4), 'snapshot')).toBe(false);
      expect(latest.offerLive(price('X', 4))).toBe('older');
      expect(latest.offerStored(price('X', 6), 'refresh')).toBe(true);
    });

    it('that a refresh broadcast are not broadcast again when their live message comes, once', () => {
      const { latest } = setUp();
      latest.offerStored(price('X', 5), 'refresh');
      expect([5, 5, 6].map((time) => latest.offerLive(price('X', time)))).toEqual([
        'older',
        'newest',
        'newest',
      ]);
      latest.offerStored(price('W', 5), 'warm'); // who connects after the start has not got it
      expect(latest.offerLive(price('W', 5))).toBe('newest');
      latest.offerStored(price('Y', 5), 'snapshot'); // sent to one asker only: the rooms have yet to get it
      expect(latest.offerLive(price('Y', 5))).toBe('newest');
    });

    it('count as broadcast only where they are', () => {
      const { latest } = setUp();
      latest.offerStored(price('X', 5), 'snapshot');
      expect(latest.wasBroadcastSince('latest:underlying:X', 0)).toBe(false);
      latest.offerStored(price('X', 6), 'refresh');
      expect(latest.wasBroadcastSince('latest:underlying:X', 0)).toBe(true);
      const { sequence } = latest;
      expect(latest.wasBroadcastSince('latest:underlying:X', sequence)).toBe(false);
      latest.offerLive(price('X', 7));
      expect(latest.wasBroadcastSince('latest:underlying:X', sequence)).toBe(true);
      expect(latest.wasBroadcastSince('latest:underlying:unknown', 0)).toBe(false);
    });
  });

  it('gives the live expiries of a product, nearest first, by the time of the feed', () => {
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

  it('hides no chain for longer than until the next message because one was stamped in the future', () => {
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

  it('judges expiries read from the store by the latest of them, whatever their order', () => {
    const { latest } = setUp();
    latest.offerStored(chain('X', '2026-12-03', 5 * DAY), 'snapshot');
    latest.offerStored(chain('X', '2026-11-26', 0), 'snapshot');
    expect(latest.liveChains('X').map(({ expiry }) => expiry)).toEqual(['2026-12-03']);
  });

  it('lists the products and expiries it holds', () => {
    const { latest } = setUp();
    latest.offerLive(price('X', 0));
    latest.offerLive(chain('Y', '2026-11-26', 0));
    expect(latest.products()).toEqual(['X', 'Y']);
    expect(latest.allExpiries()).toEqual(['2026-11-26']);
  });

  it('holds no more than its limit: the least recently updated go first', () => {
    const { latest, evicted } = setUp({ maxBytes: 3 * (3 * 100 + 1_024) });
    for (const product of ['A', 'B', 'C']) latest.offerLive(price(product, 0));
    latest.offerLive(price('A', 1));
    latest.offerLive(chain('D', '2026-11-26', 0));
    expect(evicted).toEqual(['B']);
    expect(latest.products()).toEqual(['A', 'C', 'D']);
    for (const product of ['E', 'F', 'G']) latest.offerLive(price(product, 0));
    expect(latest.products()).toEqual(['E', 'F', 'G']);
    expect(latest.liveChains('D')).toEqual([]);
    expect(latest.size).toBe(3);
    expect(latest.bytes).toBe(3 * (3 * 100 + 1_024));
  });

  it('keeps a message that alone is over the limit', () => {
    const { latest } = setUp({ maxBytes: 10 });
    latest.offerLive(price('A', 0, 5_000));
    expect(latest.products()).toEqual(['A']);
  });
});
