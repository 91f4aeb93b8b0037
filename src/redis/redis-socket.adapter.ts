import { RedisAdapter } from '@socket.io/redis-adapter';
import type { Cluster, Redis } from 'ioredis';
import type { Namespace } from 'socket.io';
import { RESUBSCRIBE_MS } from '../common/backoff.js';
import type { AdapterClass } from '../transports/socket-io/socket-server.js';
import { type CallKind, isCall, outgoingCall } from './adapter-calls.js';
import type { AdapterSeal, DropReason } from './adapter-seal.js';
import type { Clock, Timer } from '../common/clock.js';

/** Told how the adapter's connections do. */
export interface AdapterObserver {
  readonly failed: (error: unknown) => void;
  /** All subscriptions are made. */
  readonly subscribed: () => void;
  /** A message was not used; `error` is what this process did wrong with it, if it did. */
  readonly dropped: (reason: DropReason, channel: string, error?: unknown) => void;
}

export interface AdapterOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** What its channels begin with: different for every service and environment that shares this Redis. */
  readonly key: string;
  readonly seal: AdapterSeal;
  readonly observer: AdapterObserver;
}

/** Clients that `@socket.io/redis-adapter` is given in place of ioredis' own. */
interface AdapterClients {
  readonly pub: Redis | Cluster;
  readonly sub: Redis;
}

type Listener = (...args: unknown[]) => unknown;

/**
 * The adapter decodes a broadcast with it, where it does not expect a failure, and every other message that is not JSON. None of
 * these gets here, because `receive` drops them.
 */
const NO_PARSER = {
  decode: (): unknown[] => [],
  encode: (): never => {
    throw new Error('Broadcasts do not cross replicas: use server.local.');
  },
};

/**
 * The Socket.IO adapter for the calls that really cross replicas (see `adapter-calls.ts`). Market data does not: every replica
 * consumes the feed itself and emits to its own clients (`server.local`). So it is plain pub/sub also where the feed is
 * sharded.
 *
 * Redis may be shared, and anybody who reaches it may publish on any channel. So the channels have names of their own, every
 * message is signed, and only the calls that this service makes are obeyed. The rest is dropped and counted.
 * @param sub a connection without ioredis' own resubscription
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
    return pub.publish(channel, sealed).catch((error: unknown) => observer.failed(error));
  };
  return {
    pub: instead(pub, { publish }),
    sub: instead(sub, { ...subscriptions(sub, observer, options.clock), ...listeners(sub, options) }),
  };
}

/** Source: the constructor of `RedisAdapter`. */
function kindOf(channel: string, key: string): CallKind | undefined {
  if (channel.startsWith(`${key}-request#`)) return 'request';
  return channel.startsWith(`${key}-response#`) ? 'response' : undefined;
}

/** Has the adapter hear only what a replica signed and what is one of the calls. Nothing that it does with one ends the process. */
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
 * Makes the adapter's subscriptions on every connection, and again while Redis refuses them. ioredis' own resubscription
 * tries once and drops its promise: a refusal (ACL) would end the process.
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
      // Where the connection was lost, the next one is `ready` in its time.
      if (redis.status !== 'ready') return;
      retry = clock.after(RESUBSCRIBE_MS, () => void subscribe());
      retry.unref?.();
    }
  };
  redis.on('ready', () => void subscribe());
  redis.on('close', () => retry?.cancel());
  // Broadcasts do not cross replicas, so nothing is heard of the channels they would come by.
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

/** `redis`, with some of its methods replaced. */
function instead<T extends Redis | Cluster>(redis: T, methods: Readonly<Record<string, Listener>>): T {
  return new Proxy(redis, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(methods, name)) return methods[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
