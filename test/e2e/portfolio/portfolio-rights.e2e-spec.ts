import { setTimeout as delay } from 'node:timers/promises';
import type { MemoryFeed } from '../../../src/feed/memory-feed.js';
import { startMemoryGateway } from '../../support/memory-gateway.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { claims, epoch, hs256, JWT_SECRET, type TokenClaims } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const USER = 'user-1';
const CHANNEL = `enriched:portfolio:${USER}`;
const SETTINGS = {
  AUTH_MODE: 'optional',
  JWT_SECRET,
  JWT_CLOCK_TOLERANCE_SECONDS: '0',
  SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
};

const portfolio = (number: number): string =>
  JSON.stringify({ user_id: USER, timestamp: new Date(1_764_410_400_000 + number).toISOString(), number });

/** @param more called after the gateway has started, because a token may be valid only briefly */
async function watching(transport: string, more: () => TokenClaims = () => ({})) {
  const { ports, url } = await startMemoryGateway(SETTINGS);
  const token = hs256(claims({ user_id: USER, ...more() }));
  const client = await TestClient.connect(url, {
    ...TRANSPORTS[transport],
    auth: { token },
    reconnection: false,
  });
  await client.ask('subscribe', { type: 'portfolio' });
  ports.portfolioChannels.publish(CHANNEL, portfolio(1));
  await client.next('portfolio_update');
  return { ports, client };
}

it.each(Object.keys(TRANSPORTS))(
  'by %s: nothing follows a revocation, not even in the same turn',
  async (transport) => {
    const { ports, client } = await watching(transport);
    const revocations = ports.revocations!.feed as MemoryFeed;
    revocations.publish('auth:revoked', JSON.stringify({ user_id: USER }));
    ports.portfolioChannels.publish(CHANNEL, portfolio(2));
    await waitFor(() => client.disconnects.length === 1);
    expect(client.all('closing')).toMatchObject([{ code: 'TOKEN_REVOKED' }]);
    expect(client.all('portfolio_update')).toMatchObject([{ number: 1 }]);
    await waitFor(() => !ports.portfolioChannels.has(CHANNEL));
  },
);

it.each(Object.keys(TRANSPORTS))('by %s: nothing follows the expiry of the token', async (transport) => {
  const { ports, client } = await watching(transport, () => ({ exp: epoch(6) }));
  const { expires_at } = client.all('connected')[0]!.user!;
  await delay(Math.max(0, expires_at * 1_000 - 1_000 - Date.now()));
  for (let number = 2; client.disconnects.length === 0; number++) {
    ports.portfolioChannels.publish(CHANNEL, portfolio(number));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const events = client.received.map(({ event }) => event);
  expect(events.slice(events.indexOf('closing'))).toEqual(['closing']);
  await waitFor(() => !ports.portfolioChannels.has(CHANNEL));
});

it('nothing follows the confirmation that the client has left', async () => {
  const { ports, client } = await watching('websocket');
  client.socket.emit('unsubscribe', { type: 'portfolio' });
  for (let number = 2; !client.all('unsubscribed').length; number++) {
    ports.portfolioChannels.publish(CHANNEL, portfolio(number));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.settled();
  const events = client.received.map(({ event }) => event);
  expect(events.lastIndexOf('portfolio_update')).toBeLessThan(events.indexOf('unsubscribed'));
  expect(ports.portfolioChannels.has(CHANNEL)).toBe(false);
});
