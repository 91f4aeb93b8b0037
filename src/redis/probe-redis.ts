import { connect } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { maskSecrets } from '../config/mask-secrets.js';
import { credentials, type RedisAddress, sentinelOptions, targetOf, tlsOf } from './redis-connections.js';
import { describeRedisError } from './redis-faults.js';

/** The result of the first contact with Redis. */
export type RedisProbeResult =
  | { readonly state: 'ready' }
  /** Nothing responds, or not yet: the gateway may retry. */
  | { readonly state: 'unreachable'; readonly problem: string }
  /** It rejects the gateway, or is not Redis: retrying cannot help, because REDIS_URL is wrong. */
  | { readonly state: 'refused'; readonly problem: string };

/** How long to wait for a reply, ms. A slow Redis counts as unreachable, not as wrong. */
const PROBE_TIMEOUT_MS = 2_000;

const NOT_REDIS = 'what answers there is not Redis';

/**
 * Contacts Redis once, with the settings that the gateway will use. In a cluster it contacts the
 * first node that responds. Never rejects.
 */
export async function probeRedis(address: RedisAddress): Promise<RedisProbeResult> {
  const target = targetOf(address);
  const tls = tlsOf(target, address);
  switch (target.kind) {
    case 'single': {
      const redis = new Redis(target.url, { ...OPTIONS, tls, ...credentials(target) });
      const result = await probe(redis);
      const otherwise = result.state === 'unreachable' && !tls && (await answersOtherwise(redis.options));
      return otherwise ? { state: 'refused', problem: NOT_REDIS } : result;
    }
    case 'sentinel':
      return probe(
        new Redis({ ...OPTIONS, tls, ...sentinelOptions(target, tls, address), ...ONE_TRY_OF_SENTINELS }),
      );
    case 'cluster': {
      let result: RedisProbeResult = { state: 'unreachable', problem: 'no node of the cluster answers' };
      for (const endpoint of target.endpoints) {
        const node = new Redis({ ...OPTIONS, tls, ...credentials(target), ...endpoint });
        result = await probe(node, (redis) => redis.cluster('INFO'));
        if (result.state !== 'unreachable') break;
      }
      return result;
    }
  }
}

const OPTIONS: RedisOptions = {
  lazyConnect: true,
  connectTimeout: PROBE_TIMEOUT_MS,
  commandTimeout: PROBE_TIMEOUT_MS,
  retryStrategy: () => null,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
};

const ONE_TRY_OF_SENTINELS: RedisOptions = {
  sentinelRetryStrategy: () => null,
  sentinelReconnectStrategy: () => null,
  failoverDetector: false,
};

async function probe(
  redis: Redis,
  ask: (redis: Redis) => Promise<unknown> = () => redis.ping(),
): Promise<RedisProbeResult> {
  // A rejection during the handshake is emitted as an event. The error of connect() then only says
  // that the connection was closed.
  const problems: unknown[] = [];
  redis.on('error', (error: unknown) => problems.push(error));
  redis.on('sentinelError', (error: unknown) => problems.push(error));
  try {
    await redis.connect();
    await ask(redis);
    // One sentinel may be unreachable while another one knows the master.
    if (problems.every((problem) => /failed to connect to sentinel/.test(describeRedisError(problem)))) {
      return { state: 'ready' };
    }
  } catch (error) {
    problems.push(error);
  } finally {
    redis.disconnect();
  }
  const refusal = problems.map(refusalOf).find((text) => text !== undefined);
  return refusal === undefined
    ? { state: 'unreachable', problem: describeRedisError(problems[0]) }
    : { state: 'refused', problem: refusal };
}

function refusalOf(error: unknown): string | undefined {
  const text = describeRedisError(error);
  if (/WRONGPASS|invalid password|without any password configured/i.test(text)) {
    return 'Redis refuses its user or password';
  }
  if (/NOAUTH|Authentication required/i.test(text)) return 'Redis asks for a password and it has none';
  if (/DB index is out of range|invalid DB index/i.test(text)) return 'Redis has no database of that number';
  if (/NOPERM/i.test(text)) return 'Redis does not allow its user to connect';
  if (/No such master with that name|but got an invalid reply/i.test(text))
    return 'its sentinels know no master of that name';
  if (/cluster support disabled/i.test(text)) return 'what answers there is no Redis Cluster';
  if (/Protocol error, got|Unknown RESP type/i.test(text)) return NOT_REDIS;
  return undefined;
}

/**
 * Whether the server responds in another protocol than that of Redis. A web server closes the
 * connection on the first command, and further commands may reset it before the response is read.
 * So this sends only one line, to which every Redis responds.
 */
function answersOtherwise({ host = 'localhost', port = 6379 }: RedisOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (otherwise: boolean): void => {
      socket.destroy();
      resolve(otherwise);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (answer) => end(!/^[+-]/.test(answer.toString('latin1'))));
    socket.write('PING\r\n');
  });
}

/** The error message for a wrong REDIS_URL at startup. */
export function refusedSentence(
  { redisUrl, redisUsername, redisPassword, redisPasswordFile }: RedisAddress,
  problem: string,
): string {
  const given = {
    REDIS_USERNAME: redisUsername,
    [redisPasswordFile === undefined ? 'REDIS_PASSWORD' : 'REDIS_PASSWORD_FILE']: redisPassword,
  };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const beside = names.length > 0 ? ` with ${names.join(' and ')}` : '';
  return `REDIS_URL is ${JSON.stringify(maskSecrets(redisUrl))}${beside}, but ${problem}.`;
}
