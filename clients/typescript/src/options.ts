import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';
import { checkAddress } from './network-error.js';
import { type Clock, systemClock } from './clock.js';

/**
 * Why a token is needed: for a new connection, because the one in use has expired, or because it
 * expires soon.
 */
export type TokenReason = 'connect' | 'expired' | 'expiring';

export type TokenCallback = (context: { readonly reason: TokenReason }) => string | Promise<string>;

/** How messages are written. */
export interface Encoding {
  /** The parser that socket.io-client uses. */
  readonly parser: unknown;
}

export interface ClientOptions {
  /**
   * Called at each connection and on `token_expiring`. Returns a JSON Web Token. A string is used
   * unchanged.
   */
  readonly token?: TokenCallback | string | undefined;
  /**
   * Stay in `general`, which every permitted client joins: all prices, and a summary of every
   * chain. Default true.
   */
  readonly general?: boolean | undefined;
  /**
   * After a reconnection, ask the gateway for the prices that were missed, so that subscriptions to
   * products miss none and get none twice. If that is not possible, there is a `gap` event. The
   * client then joins `general` only after its other rooms. Default false, because most front ends
   * need only the newest price, and up to 5,000 older ones of each product could come before it.
   */
  readonly resume?: boolean | undefined;
  /**
   * Default `['websocket']`, because polling needs sticky sessions if the gateway has several
   * replicas.
   */
  readonly transports?: readonly string[] | undefined;
  /**
   * `msgpack` of `@deltastream/socket-client/msgpack`. Default JSON, which is smaller and faster in
   * browsers, because they compress.
   */
  readonly encoding?: Encoding | undefined;
  /** Default `/socket.io`. */
  readonly path?: string | undefined;
  /**
   * How often the gateway sends something, in ms: at least 1,000. Default 2,000, so that the client
   * notices a dead connection within 3 s. `false`: only the pings of Socket.IO, which take 45 s.
   */
  readonly heartbeatMs?: number | false | undefined;
  /**
   * Ask the gateway in every interval whether it still receives what the client sends. Default
   * false: only if a request remains without an answer. It costs the gateway much more than its
   * heartbeats do.
   */
  readonly probe?: boolean | undefined;
  /**
   * Let the gateway measure how long its messages take to reach this client: it sends a
   * `latency_probe` about once in 1,000 messages, which the client answers. Default false.
   */
  readonly latencyProbe?: boolean | undefined;
  /**
   * How long a request waits for its response, including the time offline, in ms. Default 10,000.
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Called for each message that a connection receives, with its size in bytes before compression:
   * for a page that shows what its data costs. Without it, nothing is measured.
   */
  readonly onReceive?: ((bytes: number) => void) | undefined;
  /** Called with an error that one of your listeners threw. Default `console.error`. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
  /**
   * Options that are passed to socket.io-client unchanged. `reconnectionDelay` (default 500) and
   * `reconnectionDelayMax` (default 5,000) limit the back-off, in ms. The client itself sets
   * `auth`, `autoConnect`, `forceNew`, `reconnection` and `multiplex`, and ignores them here.
   */
  readonly socketOptions?: Partial<ManagerOptions & SocketOptions> | undefined;
}

/** The part of socket.io-client's `Socket` that the client uses. */
export interface RawSocket {
  on(event: string, listener: (...args: never[]) => void): unknown;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  disconnect(): unknown;
  /** The connection below Socket.IO. Only `onReceive` needs it, so doubles may leave it out. */
  readonly io?: {
    readonly engine?: {
      on(event: 'packet', listener: (packet: { readonly data?: unknown }) => void): unknown;
    };
  };
}

/** The functions that the client depends on. Tests replace them. */
export interface Foundation {
  readonly open: (url: string, options: Partial<ManagerOptions & SocketOptions>) => RawSocket;
  readonly clock: Clock;
  /** A number from 0 up to 1, like Math.random. */
  readonly random: () => number;
}

export const foundation: Foundation = {
  open: (url, options) => {
    checkAddress(url);
    const socket = io(url, options);
    const { nsp } = socket as unknown as { readonly nsp: string };
    if (nsp === '/') return socket;
    // Socket.IO would use it as a namespace, which the gateway does not have.
    socket.disconnect();
    throw new TypeError(
      `A gateway address has no path, but ${url} has one. Use the option \`path\` instead.`,
    );
  },
  clock: systemClock,
  random: () => Math.random(),
};
