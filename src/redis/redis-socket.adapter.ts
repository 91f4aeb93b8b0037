import { RedisAdapter } from '@socket.io/redis-adapter';
import type { Cluster, Redis } from 'ioredis';
import type { Namespace } from 'socket.io';
import { RESUBSCRIBE_MS } from '../backoff.js';
import type { AdapterClass } from '../fanout/socket-server.js';

/** Told how the adapter's connections do. */
export interface AdapterObserver {
  readonly failed: (error: unknown) => void;
  /** All subscriptions are made. */
  readonly subscribed: () => void;
}

/**
 * The Socket.IO adapter for what really crosses replicas: disconnecting a user's sockets, asking who is where. Market
 * data does not: every replica consumes the feed itself and emits to its own clients (`server.local`). So it is plain
 * pub/sub also where the feed is sharded.
 * @param sub a connection without ioredis' own resubscription
 */
export function redisSocketAdapter(
  pub: Redis | Cluster,
  sub: Redis,
  observer: AdapterObserver,
): AdapterClass {
  return class extends RedisAdapter {
    constructor(namespace: Namespace) {
      super(namespace, catching(pub, ['publish'], observer.failed), subscribing(sub, observer));
    }
  };
}

/**
 * Makes the adapter's subscriptions on every connection, and again while Redis refuses them. ioredis' own resubscription
 * tries once and drops its promise: a refusal (ACL) would end the process.
 */
function subscribing(redis: Redis, { failed, subscribed }: AdapterObserver): Redis {
  const subscriptions: (() => Promise<unknown>)[] = [];
  let retry: NodeJS.Timeout | undefined;
  const subscribe = async (): Promise<void> => {
    clearTimeout(retry);
    try {
      await Promise.all(subscriptions.map((make) => make()));
      subscribed();
    } catch (error) {
      failed(error);
      // Where the connection was lost, the next one is `ready` in its time.
      if (redis.status === 'ready') retry = setTimeout(() => void subscribe(), RESUBSCRIBE_MS).unref();
    }
  };
  redis.on('ready', () => void subscribe());
  redis.on('close', () => clearTimeout(retry));
  const kept =
    (call: (...channels: string[]) => Promise<unknown>) =>
    (...channels: string[]): Promise<void> => {
      subscriptions.push(() => call(...channels));
      return redis.status === 'ready' ? subscribe() : Promise.resolve();
    };
  const calls = {
    subscribe: kept((...channels) => redis.subscribe(...channels)),
    psubscribe: kept((...channels) => redis.psubscribe(...channels)),
  };
  const rest = catching(redis, ['unsubscribe', 'punsubscribe'], failed);
  return new Proxy(rest, {
    get: (target, name) => Reflect.get(name in calls ? calls : target, name) as unknown,
  });
}

/**
 * The adapter drops the promises of its Redis calls: one that fails while Redis is away, or at shutdown, would end the
 * process as an unhandled rejection.
 */
function catching<T extends Redis | Cluster>(
  redis: T,
  methods: readonly string[],
  failed: (error: unknown) => void,
): T {
  return new Proxy(redis, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (typeof name !== 'string' || !methods.includes(name)) return member.bind(target) as unknown;
      return (...args: unknown[]) => {
        const result = Reflect.apply(member, target, args) as Promise<unknown>;
        return result.catch((error: unknown) => failed(error));
      };
    },
  });
}
