import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { GatewayConfig } from '../config/gateway-config.js';
import { parseRedisUrl } from '../config/redis-url.js';
import { readSettingFile } from '../config/setting-files.js';

/** The files that passwords of Redis are in, if they are in files. */
export type RedisSecretFiles = Partial<
  Pick<GatewayConfig, 'redisUrlFile' | 'redisPasswordFile' | 'redisSentinelPasswordFile'>
>;

/** Has each new connection of a client use the passwords that are in the files then. */
export function keepSecretsFresh(client: Redis | Cluster, files: RedisSecretFiles): void {
  if (client.isCluster) client.on('+node', (node: Redis) => readBeforeConnecting(node.options, files));
  else readBeforeConnecting(client.options, files);
}

/** ioredis reads these options each time that it connects, and never writes them. */
function readBeforeConnecting(options: RedisOptions, files: RedisSecretFiles): void {
  const { redisUrlFile, redisPasswordFile, redisSentinelPasswordFile } = files;
  if (redisUrlFile !== undefined && redisPasswordFile === undefined) {
    readThrough(options, 'password', () => parseRedisUrl(readSettingFile(redisUrlFile).trim())?.password);
  }
  if (redisPasswordFile !== undefined) {
    readThrough(options, 'password', () => readSettingFile(redisPasswordFile));
  }
  if (redisSentinelPasswordFile !== undefined) {
    readThrough(options, 'sentinelPassword', () => readSettingFile(redisSentinelPasswordFile));
  }
}

function readThrough(
  options: RedisOptions,
  name: 'password' | 'sentinelPassword',
  read: () => string | undefined,
): void {
  let last = options[name];
  Object.defineProperty(options, name, {
    configurable: true,
    enumerable: true,
    get: () => {
      try {
        last = read() ?? last;
      } catch {
        // The file may be in the middle of a rotation. Until it can be read again, try the last
        // password.
      }
      return last;
    },
  });
}
