import { RedisAdapter } from '@socket.io/redis-adapter';
import type { Cluster, Redis } from 'ioredis';
import type { Namespace } from 'socket.io';
import { RESUBSCRIBE_MS } from '../common/backoff.js';
import type { AdapterClass } from '../transports/socket-io/socket-server.js';
import { type CallKind, isCall, outgoingCall } from './adapter-calls.js';
import type { AdapterSeal, DropReason } from './adapter-seal.js';
import type { Clock, Timer } from '../common/clock.js';

/** Receives the events of the adapter's connections. */
export interface AdapterObserver {
  readonly failed: (error: unknown) => void;
  /** All subscriptions are active. */
  readonly subscribed: () => void;
  /** A message was dropped. `error` is the error of this process, if that was the reason. */
  readonly dropped: (reason: DropReason, channel: string, error?: unknown) => void;
}

export interface AdapterOptions {
  readonly clock: Pick<Clock, 'after'>;
  /**
   * Prefix of the channels. It differs for every service and environment that shares this Redis.
   */
  readonly key: string;
  readonly seal: AdapterSeal;
  readonly observer: AdapterObserver;
}

/** Wrapped ioredis clients for `@socket.io/redis-adapter`. */
interface AdapterClients {
  readonly pub: Redis | Cluster;
  readonly sub: Redis;
}

type Listener = (...args: unknown[]) => unknown;

/**
 * The base adapter decodes broadcasts and other messages that are not JSON with its parser. No such
 * message arrives there, because `receive` drops them.
 */
const NO_PARSER = {
  decode: (): unknown[] => [],
  encode: (): never => {
    throw new Error('Broadcasts do not cross replicas: use server.local.');
  },
};

/**
 * The Socket.IO adapter for the few calls that cross replicas (see `adapter-calls.ts`). Market data
 * does not: every replica consumes the feed itself and emits to its own clients (`server.local`).
 * So plain pub/sub is enough, even if the feed is sharded.
 *
 * Redis may be shared, and every process that can reach it may publish on any channel. So the
 * channels have unique names, every message is signed, and only known calls are executed. All other
 * messages are dropped and counted.
 * @param sub a connection without the resubscription of ioredis
 */
export function redisSocketAdapter(pub: Redis | Cluster, sub: Redis, options: AdapterOptions): AdapterClass {
  return class extends RedisAdapter {
    constructor(namespace: Namespace) {
      const clients = adapterClients(pub, sub, options);
      super(namespace, clients.pub, clients.sub, { key: options.key, parser: NO_PARSER });
    }
  };
}

function adapterClients(pub: Redis | Cluster, sub: Redis, options: AdapterOptions): AdapterClients {
  const { seal, observer } = options;
  const publish: Listener = (name, message) => {
    const channel = String(name);
    const kind = kindOf(channel, options.key);
    if (!kind) throw new Error(`The adapter publishes on ${channel}, which no replica subscribes to.`);
    const sealed = seal.seal(channel, outgoingCall(kind, message));
    // While there is no connection, messages between replicas are lost. The connection reports why.
    if (pub.status !== 'ready') return Promise.resolve();
    return pub.publish(channel, sealed).catch((error: unknown) => observer.failed(error));
  };
  return {
    pub: instead(pub, { publish }),
    sub: instead(sub, { ...subscriptions(sub, observer, options.clock), ...listeners(sub, options) }),
  };
}

/**
 * Reads the kind of call from a channel's name, which the constructor of `RedisAdapter` defines.
 */
function kindOf(channel: string, key: string): CallKind | undefined {
  if (channel.startsWith(`${key}-request#`)) return 'request';
  return channel.startsWith(`${key}-response#`) ? 'response' : undefined;
}

/**
 * Passes only signed messages that contain a known call to the adapter's listeners. An error that a
 * listener throws is reported, and does not end the process.
 */
function listeners(redis: Redis, { key, seal, observer }: AdapterOptions): Record<string, Listener> {
  const wrapped = new Map<Listener, Listener>();
  const receive = async (listener: Listener, name: Buffer, message: Buffer): Promise<void> => {
    const channel = name.toString();
    const kind = kindOf(channel, key);
    const opened = seal.open(channel, message);
    if ('dropped' in opened) {
      observer.dropped(opened.dropped, channel);
    } else if (!kind || !isCall(kind, opened.payload)) {
      observer.dropped('operation', channel);
    } else {
      await listener(name, Buffer.from(opened.payload));
    }
  };
  return {
    on: (event, listener) => {
      if (event !== 'messageBuffer') return redis.on(event as string, listener as Listener);
      const handle: Listener = (name, message) =>
        void receive(listener as Listener, name as Buffer, message as Buffer).catch((error: unknown) =>
          observer.dropped('internal_error', String(name), error),
        );
      wrapped.set(listener as Listener, handle);
      return redis.on(event, handle);
    },
    off: (event, listener) =>
      redis.off(event as string, wrapped.get(listener as Listener) ?? (listener as Listener)),
  };
}

/**
 * Subscribes on every new connection, and retries while Redis rejects the subscriptions. The
 * resubscription of ioredis tries once and drops its promise, so that a rejection, for example by
 * an ACL rule, would end the process.
 */
function subscriptions(
  redis: Redis,
  { failed, subscribed }: AdapterObserver,
  clock: Pick<Clock, 'after'>,
): Record<string, Listener> {
  const channels: string[] = [];
  let retry: Timer | undefined;
  const subscribe = async (): Promise<void> => {
    retry?.cancel();
    try {
      await redis.subscribe(...channels);
      subscribed();
    } catch (error) {
      failed(error);
      // If the connection was lost, the `ready` event of the next one subscribes again.
      if (redis.status !== 'ready') return;
      retry = clock.after(RESUBSCRIBE_MS, () => void subscribe());
      retry.unref?.();
    }
  };
  redis.on('ready', () => void subscribe());
  redis.on('close', () => retry?.cancel());
  // Broadcasts do not cross replicas, so their channels are not subscribed to.
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    subscribe: (names) => {
      channels.push(...(names as string[]));
      return redis.status === 'ready' ? subscribe() : nothing();
    },
    unsubscribe: (names) => redis.unsubscribe(...(names as string[])).catch(failed),
    psubscribe: nothing,
    punsubscribe: nothing,
  };
}

/** A proxy of `redis` with some methods replaced. */
function instead<T extends Redis | Cluster>(redis: T, methods: Readonly<Record<string, Listener>>): T {
  return new Proxy(redis, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(methods, name)) return methods[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
