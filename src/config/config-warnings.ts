import type { GatewayConfig } from './gateway-config.js';
import { DEFAULT_SECRET_KEY } from './environment.js';
import { databaseOf, parseRedisUrl } from './redis-url.js';

/** Something that an operator should change, although the gateway can run with it. */
interface ConfigWarning {
  readonly message: string;
  readonly fields: object;
}

/** Returns the warnings to log at start. */
export function configWarnings(config: GatewayConfig): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const check = (applies: boolean, message: string, fields: object = {}): void => {
    if (applies) warnings.push({ message, fields });
  };
  const { production } = config;
  check(
    production && config.secretKey === DEFAULT_SECRET_KEY,
    'SECRET_KEY has its development default. Set it to a random value, the same on every replica.',
  );
  check(
    config.adminPort !== undefined &&
      config.adminToken !== undefined &&
      config.secretKey === DEFAULT_SECRET_KEY,
    'The admin API is off, because SECRET_KEY has its development default, and signs what replicas ask each other for.',
  );
  check(
    production && config.authMode === 'off',
    'AUTH_MODE is off: every client that reaches this port can read every price.',
  );
  check(
    production && config.jwtJwksUrl?.protocol === 'http:',
    'JWT_JWKS_URL is not https: an attacker on the network could replace the keys that tokens are checked with.',
  );
  const target = parseRedisUrl(config.redisUrl);
  const database = target ? databaseOf(target) : 0;
  check(
    database !== 0 && config.channelPrefix === '',
    'REDIS_URL names a database other than 0, but Redis pub/sub ignores databases: this gateway receives the channels of every ' +
      'environment on that Redis. Set CHANNEL_PREFIX, here and at the producers, unless this Redis has only one environment.',
    { database },
  );
  return warnings;
}
