import 'reflect-metadata';
import { EventEmitter } from 'node:events';
import type { PinoLogger } from 'nestjs-pino';
import { claims, hs256, JWT_SECRET } from '../../test/support/tokens.js';
import { loadConfig } from '../config/gateway-config.js';
import type { GatewayServer, GatewaySocket } from '../transports/socket-io/socket-server.js';
import type { ConnectionCounts } from '../limits/connection-counts.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { AuthMetrics } from './auth.metrics.js';
import { AuthService } from './auth.service.js';
import type { RevocationService } from './revocation.service.js';
import { systemClock } from '../common/clock.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';

describe('AuthService', () => {
  const client = Object.assign(new EventEmitter(), {
    connected: true,
    conn: Object.assign(new EventEmitter(), { readyState: 'open' }),
  }) as unknown as GatewaySocket;
  let revoked = false;
  let counted = 0;
  const counts: ConnectionCounts = {
    take: () => {
      counted++;
      revoked = true; // the revocation arrives while the connections are counted
      return Promise.resolve(true);
    },
    release: () => void counted--,
    close: () => Promise.resolve(),
  };
  const service = (AUTH_MODE: string): AuthService => {
    const registry = new MetricsRegistry();
    return new AuthService(
      loadConfig({ AUTH_MODE, JWT_SECRET, SECRET_KEY: JWT_SECRET }),
      { use: () => undefined } as unknown as GatewayServer,
      { isRevoked: () => revoked, listen: () => undefined } as unknown as RevocationService,
      new AuthMetrics(registry),
      new TransportMetrics(registry),
      counts,
      systemClock,
      new RateLimitedLog({ warn: () => undefined }, systemClock.now),
      {} as PinoLogger,
    );
  };

  it('refuses a token that is revoked while its user’s connections are counted', async () => {
    const auth = service('optional');
    await expect(auth.refresh(client, hs256(claims()))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect([auth.userOf(client), counted]).toEqual([null, 0]);
  });

  it.each([
    ['off', true],
    ['optional', true],
    ['required', false],
  ])('AUTH_MODE=%s: a client without a token may subscribe: %s', (mode, may) => {
    expect(service(mode).permissionsOf(client).mayJoin({ type: 'general' })).toBe(may);
  });
});
