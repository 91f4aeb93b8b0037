import { Inject, Injectable } from '@nestjs/common';
import { CacheService, type Snapshot } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  JsonPayload,
  type RoomAddress,
  roomName,
  type RoomSnapshot,
  ServerEvent,
} from '../contract/index.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import type { MarketMessage } from '../feed/market-message.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { TransportMetrics } from '../transports/transport.metrics.js';

/** Sends a room's newest messages to one client. */
@Injectable()
export class SnapshotSender {
  constructor(
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly config: GatewayConfig,
    private readonly metrics: TransportMetrics,
  ) {}

  /**
   * To one who has just joined. From memory in the turn of the join; else from the store, unless the live feed or the client
   * is faster. What is stale is said to be, once, right after it.
   * @param snapshot what memory has of the room, taken in this turn
   */
  sendJoined(client: GatewaySocket, address: RoomAddress, snapshot: Snapshot): void {
    if (address.type === 'general') {
      this.freshness.notifyNewcomer(client);
      return;
    }
    for (const message of snapshot.messages) this.send(client, message);
    if (snapshot.complete) {
      this.freshness.notify(client.id, address, snapshot.messages);
      return;
    }
    const { changes } = this.freshness;
    void this.cache.fetch(address, snapshot, this.config.maxChainsPerSnapshot).then((messages) => {
      const stays = client.rooms.has(roomName(address));
      // Who left does not get them, but they are in memory now, and their age must be known before the next one asks.
      for (const message of messages) {
        this.freshness.observeFetched(message, () => stays && this.send(client, message));
      }
      // What went stale meanwhile its rooms are told.
      if (!stays) return;
      this.freshness.notify(client.id, address, [...snapshot.messages, ...messages], changes);
      if (!this.knows(address)) this.freshness.notifyUnknown(client.id, address);
    });
  }

  /**
   * Whether anything is known of a room, as far as this replica knows without asking the store.
   * @param snapshot what memory has of the room now
   */
  knows(
    address: RoomAddress,
    snapshot: { readonly known: number } = this.cache.nearest(address, 1),
  ): boolean {
    return this.freshness.knows(address) || snapshot.known > 0;
  }

  /** As a broadcast to the client's own room, which the fan-out engine sends from the frame it has of the message. */
  send(client: GatewaySocket, message: MarketMessage): void {
    const own = this.server.local.to(client.id);
    if (message.kind === 'underlying') own.emit(ServerEvent.underlyingUpdate, message.payload);
    else own.emit(ServerEvent.chainUpdate, message.payload);
    this.metrics.snapshots.inc({
      event: message.kind === 'underlying' ? ServerEvent.underlyingUpdate : ServerEvent.chainUpdate,
    });
  }

  /** The same way, so that it comes after the room's updates to a client that lags, too. */
  close(client: GatewaySocket, snapshot: RoomSnapshot): void {
    const payload = new JsonPayload<RoomSnapshot>(JSON.stringify(snapshot), `snapshot:${snapshot.room}`);
    this.server.local.to(client.id).emit(ServerEvent.snapshot, payload);
    this.metrics.snapshots.inc({ event: ServerEvent.snapshot });
  }
}
