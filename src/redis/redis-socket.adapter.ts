import { RedisAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import type { Namespace } from 'socket.io';
import type { AdapterClass } from '../fanout/socket-server.js';

/**
 * The Socket.IO adapter for what really crosses replicas: disconnecting a user's sockets, asking who is where. Market
 * data does not: every replica consumes the feed itself and emits to its own clients (`server.local`).
 */
export function redisSocketAdapter(pub: Redis, sub: Redis, onError: (error: unknown) => void): AdapterClass {
  return class extends RedisAdapter {
    constructor(namespace: Namespace) {
      super(namespace, catching(pub, ['publish'], onError), catching(sub, SUBSCRIBER_CALLS, onError));
    }
  };
}

const SUBSCRIBER_CALLS = ['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe'] as const;

/**
 * The adapter drops the promises of its Redis calls: one that fails while Redis is away, or at shutdown, would end the
 * process as an unhandled rejection.
 */
function catching(redis: Redis, methods: readonly (keyof Redis)[], onError: (error: unknown) => void): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (!methods.includes(name as keyof Redis)) return member.bind(target) as unknown;
      return (...args: unknown[]) => {
        const result = Reflect.apply(member, target, args) as Promise<unknown>;
        return result.catch((error: unknown) => {
          onError(error);
        });
      };
    },
  });
}
