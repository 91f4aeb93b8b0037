import type { ConnectionCounts } from '../limits/connection-counts.js';
import type { HandshakeQuota } from './handshake-quota.js';

interface AddressLimitsOptions {
  readonly quota: HandshakeQuota;
  readonly counts: ConnectionCounts;
  /** The most handshakes that one address may make in a minute; 0: no limit. */
  readonly handshakesPerMinute: number;
  /** The most connections that one address may have at a time; 0: no limit. */
  readonly maxConnections: number;
}

/** `retryAfterMs` is undefined if the gateway does not know when the address may try again. */
export interface AddressRefusal {
  readonly reason: 'ip_handshakes' | 'ip_connections';
  readonly retryAfterMs?: number;
}

/**
 * Limits the handshakes and the connections of each client address. A connection counts from the
 * moment its handshake is admitted until the handshake fails or the connection is closed.
 */
export class AddressLimits<Handshake extends object, Connection extends object> {
  private readonly arriving = new Map<Handshake, string>();
  private readonly connected = new Map<Connection, string>();

  constructor(private readonly options: AddressLimitsOptions) {}

  /** False if both limits are switched off. */
  get active(): boolean {
    const { handshakesPerMinute, maxConnections } = this.options;
    return handshakesPerMinute > 0 || maxConnections > 0;
  }

  /**
   * Counts a handshake against the limits of its address. Never rejects.
   * @param gone returns true once the client has given the handshake up
   * @returns why the handshake is refused; undefined if it is admitted
   */
  async enter(
    handshake: Handshake,
    address: string,
    gone: () => boolean,
  ): Promise<AddressRefusal | undefined> {
    const { quota, counts, handshakesPerMinute, maxConnections } = this.options;
    if (handshakesPerMinute > 0) {
      const retryAfterMs = await quota.take(address);
      if (retryAfterMs > 0) return { reason: 'ip_handshakes', retryAfterMs };
    }
    if (maxConnections === 0 || gone()) return undefined;
    if (!(await counts.take('ip', address, maxConnections))) return { reason: 'ip_connections' };
    if (gone()) counts.release('ip', address);
    else this.arriving.set(handshake, address);
    return undefined;
  }

  /**
   * The handshake has become a connection.
   * @returns true if the connection is counted: the caller must then call `disconnect` when it
   * closes
   */
  connect(handshake: Handshake, connection: Connection): boolean {
    const address = this.arriving.get(handshake);
    if (address === undefined) return false;
    this.arriving.delete(handshake);
    this.connected.set(connection, address);
    return true;
  }

  /** The handshake has failed or was given up. Does nothing if it has become a connection. */
  over(handshake: Handshake): void {
    this.release(this.arriving, handshake);
  }

  disconnect(connection: Connection): void {
    this.release(this.connected, connection);
  }

  private release<T extends object>(holders: Map<T, string>, holder: T): void {
    const address = holders.get(holder);
    if (address === undefined) return;
    holders.delete(holder);
    this.options.counts.release('ip', address);
  }
}
