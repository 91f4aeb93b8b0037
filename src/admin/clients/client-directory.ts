import { Inject, Injectable } from '@nestjs/common';
import { AuthService } from '../../auth/auth.service.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { ConcurrencyLimit } from '../../common/concurrency-limit.js';
import { keyedHash } from '../../common/keyed-hash.js';
import { GatewayConfig } from '../../config/gateway-config.js';
import { roomKind } from '../../contract/index.js';
import { REPLICA_NAME } from '../../replicas/replica-name.js';
import { fanoutClientOf } from '../../transports/socket-io/fanout-adapter.js';
import { encodingOf, transportOf } from '../../transports/socket-io/connection-kind.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../../transports/socket-io/socket-server.js';
import { byOrder, type ClientInfo, type ClientQuery, type FoundClients } from './client-info.js';
import type { ClientTarget } from './client-target.js';

/** The rooms that are named of a client. */
const MAX_ROOMS = 50;
/** How many clients are looked at before other work may run. */
const CLIENTS_PER_TURN = 200;
/** More would not be answered in time. */
const MAX_WAITING_SEARCHES = 50;
const ADDRESS_DIGITS = 16;

/** Finds clients of this replica. */
@Injectable()
export class ClientDirectory {
  private readonly searches = new ConcurrencyLimit(1, MAX_WAITING_SEARCHES);

  constructor(
    @Inject(REPLICA_NAME) private readonly replica: string,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly config: GatewayConfig,
    private readonly auth: AuthService,
  ) {}

  /**
   * Searches run one after the other: each gives way to other work, which many at a time would
   * still delay.
   * @throws Error if too many searches wait
   */
  find(query: ClientQuery): Promise<FoundClients> {
    const found = this.searches.run(() => this.search(query));
    if (!found) throw new Error('Too many searches wait on this replica. Try again.');
    return found;
  }

  private async search(query: ClientQuery): Promise<FoundClients> {
    const order = byOrder(query.sort);
    let clients: ClientInfo[] = [];
    let matched = 0;
    for await (const client of this.matching(query)) {
      matched++;
      clients.push(this.infoOf(client));
      if (clients.length >= 10 * query.limit + CLIENTS_PER_TURN)
        clients = clients.sort(order).slice(0, query.limit);
    }
    return { clients: clients.sort(order).slice(0, query.limit), matched };
  }

  /** The clients that an action is for. */
  async select(target: ClientTarget): Promise<GatewaySocket[]> {
    if ('room' in target) {
      const { rooms } = this.server.sockets.adapter;
      const ids = new Set(this.withViews(target.room).flatMap((room) => [...(rooms.get(room) ?? [])]));
      return [...ids].flatMap((id) => this.byId(id));
    }
    if ('client_id' in target) return this.byId(target.client_id);
    const selected: GatewaySocket[] = [];
    for await (const client of this.matching('user' in target ? { user: target.user } : {}))
      selected.push(client);
    return selected;
  }

  /**
   * A room and the views of it that have clients here; none if it is the own room of a client, whose
   * name is its id.
   */
  withViews(room: string): string[] {
    if (roomKind(room) === undefined) return [];
    const views = [...this.server.sockets.adapter.rooms.keys()].filter((one) => one.startsWith(`${room}@`));
    return [room, ...views];
  }

  isOf(client: GatewaySocket, user: string): boolean {
    return this.auth.userIdOf(client) === user;
  }

  infoOf(client: GatewaySocket): ClientInfo {
    const user = this.auth.userOf(client);
    const receiver = fanoutClientOf(client);
    const rooms = [...client.rooms].filter((room) => roomKind(room) !== undefined);
    const stalledMs = receiver?.conflation?.stalledFor(this.clock.now());
    return {
      client_id: client.id,
      replica: this.replica,
      user: user?.user_id ?? null,
      role: user?.role ?? null,
      address: this.addressHash(client.handshake.address),
      transport: transportOf(client.conn),
      encoding: encodingOf(client.conn),
      rooms: rooms.slice(0, MAX_ROOMS),
      room_count: rooms.length,
      buffered_bytes: receiver?.link.waiting ?? 0,
      lagging: stalledMs !== undefined,
      lag_ms: Math.round(stalledMs ?? 0),
      age_seconds: Math.max(0, Math.round((this.clock.wallNow() - client.handshake.issued) / 1_000)),
    };
  }

  private byId(id: string): GatewaySocket[] {
    const client = this.server.sockets.sockets.get(id);
    return client ? [client] : [];
  }

  private async *matching(query: Omit<ClientQuery, 'sort' | 'limit'>): AsyncGenerator<GatewaySocket> {
    const { client_id, user, address, room, transport } = query;
    const candidates = client_id === undefined ? this.server.sockets.sockets.values() : this.byId(client_id);
    let seen = 0;
    for (const client of candidates) {
      if (++seen % CLIENTS_PER_TURN === 0)
        await new Promise<void>((resolve) => void this.clock.soon(resolve));
      if (user !== undefined && !this.isOf(client, user)) continue;
      if (room !== undefined && !isIn(client, room)) continue;
      if (transport !== undefined && transportOf(client.conn) !== transport) continue;
      if (address !== undefined && !this.hasAddress(client, address)) continue;
      yield client;
    }
  }

  private hasAddress({ handshake }: GatewaySocket, address: string): boolean {
    return handshake.address === address || this.addressHash(handshake.address) === address;
  }

  private addressHash(address: string): string {
    return keyedHash(this.config.secretKey, `address:${address}`).slice(0, ADDRESS_DIGITS);
  }
}

/** Whether a client is in a room or a view of it. */
function isIn({ rooms }: GatewaySocket, room: string): boolean {
  return rooms.has(room) || [...rooms].some((one) => one.startsWith(`${room}@`));
}
