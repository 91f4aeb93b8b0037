import { AddressLimits } from './address-limits.js';
import { type ConnectionCounts, MemoryConnectionCounts } from '../limits/connection-counts.js';

function setUp({ handshakesPerMinute = 0, maxConnections = 1, waitMs = 0 } = {}) {
  const memory = new MemoryConnectionCounts();
  let held = 0;
  let asked = 0;
  // The real counts in memory, which also record how many connections are held.
  const counts: ConnectionCounts = {
    take: async (...args) => {
      const taken = await memory.take(...args);
      if (taken) held++;
      return taken;
    },
    release: (...args) => {
      held--;
      memory.release(...args);
    },
    close: () => memory.close(),
  };
  const quota = {
    take: () => {
      asked++;
      return Promise.resolve(waitMs);
    },
  };
  const limits = new AddressLimits<object, object>({ quota, counts, handshakesPerMinute, maxConnections });
  return { limits, held: () => held, asked: () => asked };
}

const here = () => false;

it('counts a connection from its handshake to the end of the connection', async () => {
  const { limits, held } = setUp();
  const [handshake, connection] = [{}, {}];
  expect(await limits.enter(handshake, 'a', here)).toBeUndefined();
  expect(await limits.enter({}, 'a', here)).toEqual({ reason: 'ip_connections' });
  expect(await limits.enter({}, 'b', here)).toBeUndefined();
  expect(limits.connect(handshake, connection)).toBe(true);
  limits.over(handshake); // the gate calls this after every handshake
  expect(await limits.enter({}, 'a', here)).toEqual({ reason: 'ip_connections' });
  limits.disconnect(connection);
  limits.disconnect(connection);
  expect(held()).toBe(1);
  expect(await limits.enter({}, 'a', here)).toBeUndefined();
});

it('releases a failed handshake only once', async () => {
  const { limits, held } = setUp();
  const handshake = {};
  await limits.enter(handshake, 'a', here);
  limits.over(handshake);
  limits.over(handshake);
  expect(held()).toBe(0);
  expect(limits.connect(handshake, {})).toBe(false);
});

it('does not keep counting a client that gave up while it was being counted', async () => {
  const { limits, held } = setUp();
  let gone = false;
  const entering = limits.enter({}, 'a', () => gone);
  gone = true;
  await entering;
  expect(held()).toBe(0);
});

it('says when an address may connect again, and does not count a refused handshake as a connection', async () => {
  const { limits, held } = setUp({ handshakesPerMinute: 5, waitMs: 1_234 });
  expect(await limits.enter({}, 'a', here)).toEqual({ reason: 'ip_handshakes', retryAfterMs: 1_234 });
  expect(held()).toBe(0);
});

it('consults neither the quota nor the counts if there are no limits', async () => {
  const { limits, held, asked } = setUp({ maxConnections: 0 });
  expect(limits.active).toBe(false);
  expect(await limits.enter({}, 'a', here)).toBeUndefined();
  expect([held(), asked()]).toEqual([0, 0]);
});
