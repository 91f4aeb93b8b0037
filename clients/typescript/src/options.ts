import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';
import { type Clock, systemClock } from './clock.js';

/** Why a token is asked for: a connection is made; the one in use has expired; it expires soon. */
export type TokenReason = 'connect' | 'expired' | 'expiring';

export type TokenCallback = (context: { readonly reason: TokenReason }) => string | Promise<string>;

export interface ClientOptions {
  /** Asked at each connection and on `token_expiring`; answers with a JSON Web Token. A string never changes. */
  readonly token?: TokenCallback | string;
  /** Stay in `general`, where everybody is who may: all prices, a summary of every chain. Default true. */
  readonly general?: boolean;
  /** Default `['websocket']`: polling needs sticky sessions where the gateway has replicas. */
  readonly transports?: readonly string[];
  /** Default `/socket.io`. */
  readonly path?: string;
  /** How long a request waits for its answer, being offline included, ms. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Told what a listener of yours threw. Default `console.error`. */
  readonly onListenerError?: (error: unknown) => void;
  /**
   * For socket.io-client, as they are. `reconnectionDelay` (default 500) and `reconnectionDelayMax` (default 5,000) bound the
   * back-off, ms. What this client does itself is ignored: `auth`, `autoConnect`, `forceNew`, `reconnection`, `multiplex`.
   */
  readonly socketOptions?: Partial<ManagerOptions & SocketOptions>;
}

/** As much of socket.io-client's `Socket` as is used. */
export interface RawSocket {
  on(event: string, listener: (...args: never[]) => void): unknown;
  onAny(listener: (event: string, ...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  disconnect(): unknown;
}

/** What the client stands on; tests bring their own. */
export interface Foundation {
  readonly open: (url: string, options: Partial<ManagerOptions & SocketOptions>) => RawSocket;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
}

export const foundation: Foundation = {
  open: (url, options) => {
    const socket = io(url, options);
    const { nsp } = socket as unknown as { readonly nsp: string };
    if (nsp === '/') return socket;
    // Socket.IO takes it for a namespace, which no gateway has.
    socket.disconnect();
    throw new TypeError(
      `The address of a gateway has no path, and ${url} has; the option \`path\` is for that`,
    );
  },
  clock: systemClock,
  random: () => Math.random(),
};
