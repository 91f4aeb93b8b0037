import type { TransportName } from '../../transports/socket-io/connection-kind.js';

/** What operators see of a client. It has no token and no address. */
export interface ClientInfo {
  readonly client_id: string;
  readonly replica: string;
  /** `null` if the client is anonymous. */
  readonly user: string | null;
  readonly role: string | null;
  /**
   * A keyed hash of the address by which the limits count the client: it is the same for the same
   * address, on every replica.
   */
  readonly address: string;
  readonly transport: TransportName;
  readonly encoding: 'json' | 'messagepack';
  /** The first rooms, at most 50. */
  readonly rooms: readonly string[];
  /**
   * @asType integer
   * @minimum 0
   */
  readonly room_count: number;
  /**
   * Bytes that it was sent and has not read.
   * @asType integer
   * @minimum 0
   */
  readonly buffered_bytes: number;
  /** Whether it reads too slowly, and is sent only the newest update of each stream. */
  readonly lagging: boolean;
  /** How long it has not read anything, ms; 0 unless it is lagging. */
  readonly lag_ms: number;
  readonly age_seconds: number;
}

export const CLIENT_ORDERS = ['lag_ms', 'buffered_bytes', 'age_seconds', 'rooms'] as const;
/** By what clients are sorted, the largest first. */
export type ClientOrder = (typeof CLIENT_ORDERS)[number];

/** Which clients are asked for. A client is found if all given fields match. */
export interface ClientQuery {
  readonly client_id?: string;
  readonly user?: string;
  /** An address, or the hash of one. */
  readonly address?: string;
  readonly room?: string;
  readonly transport?: TransportName;
  readonly sort: ClientOrder;
  readonly limit: number;
}

/** The clients of one replica. */
export interface FoundClients {
  readonly clients: readonly ClientInfo[];
  /** How many match, also those beyond the limit. */
  readonly matched: number;
}

/** The largest first; clients of equal size by their id, so that pages do not change at random. */
export function byOrder(order: ClientOrder): (a: ClientInfo, b: ClientInfo) => number {
  const of = (client: ClientInfo): number => (order === 'rooms' ? client.room_count : client[order]);
  return (a, b) => of(b) - of(a) || (a.client_id < b.client_id ? -1 : 1);
}
