import { Inject, Injectable } from '@nestjs/common';
import { CacheService, type Snapshot } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  JsonPayload,
  type MarketAddress,
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
import { isSlow } from '../transports/socket-io/slow-client.js';
import { ViewsService } from '../views/views.service.js';

/** Sends the newest messages of a room to one client. */
@Injectable()
export class SnapshotSender {
  constructor(
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly views: ViewsService,
    private readonly config: GatewayConfig,
    private readonly metrics: TransportMetrics,
  ) {}

  /**
   * Sends the snapshot to a client that has just joined a room. Messages in memory are sent in the
   * turn of the join. Otherwise they come from the store, unless a live message arrives first or
   * the client leaves first. If the product is stale, its status follows once.
   * @param snapshot the messages of the room in memory, read in this turn
   */
  sendJoined(client: GatewaySocket, address: MarketAddress, snapshot: Snapshot): void {
    if (address.type === 'general') {
      this.freshness.notifyNewcomer(client);
      return;
    }
    for (const message of snapshot.messages) this.send(client, message, address.view);
    if (snapshot.complete) {
      this.freshness.notify(client.id, address, snapshot.messages);
      return;
    }
    const { changes } = this.freshness;
    void this.cache.fetch(address, snapshot, this.config.maxChainsPerSnapshot).then((messages) => {
      const stays = client.rooms.has(roomName(address));
      // Observe the messages even if the client has left: they are in memory now, so their age must
      // be known before the next request.
      for (const message of messages) {
        this.freshness.observeFetched(message, () => stays && this.send(client, message, address.view));
      }
      // Send only the statuses from before the look-up (`changes`): the client receives later ones
      // as a member of the room.
      if (!stays) return;
      this.freshness.notify(client.id, address, [...snapshot.messages, ...messages], changes);
      if (!this.knows(address)) this.freshness.notifyUnknown(client.id, address);
    });
  }

  /**
   * Returns true if anything is known about a room, without asking the store.
   * @param snapshot the messages of the room in memory now
   */
  knows(
    address: MarketAddress,
    snapshot: { readonly known: number } = this.cache.nearest(address, 1),
  ): boolean {
    return this.freshness.knows(address) || snapshot.known > 0;
  }

  /**
   * Sends a message as a broadcast to the own room of the client, so that the fan-out engine reuses
   * the frame that it has of the message.
   * @param view the view of the room that the client asked for, if any
   */
  send(client: GatewaySocket, message: MarketMessage, view: MarketAddress['view']): void {
    const own = this.server.local.to(client.id);
    let event: 'underlying_update' | 'chain_update' | 'chain_view' = ServerEvent.underlyingUpdate;
    // What is held back from a lagging client may be replaced before it is sent.
    if (!view && this.cache.awaitsBroadcast(message) && !isSlow(client, this.config.conflateAboveBytes))
      this.cache.serve(message, client.id);
    if (message.kind === 'underlying') {
      own.emit(event, message.payload);
    } else if (view && 'mode' in view) {
      own.emit((event = ServerEvent.chainView), this.views.chainView(message, view));
    } else {
      own.emit((event = ServerEvent.chainUpdate), message.payload);
    }
    this.metrics.snapshots.inc({ event });
  }

  /**
   * Sends `snapshot` in the same way, so that a lagging client also receives it after the updates
   * of the room.
   */
  close(client: GatewaySocket, snapshot: RoomSnapshot): void {
    const payload = new JsonPayload<RoomSnapshot>(JSON.stringify(snapshot), `snapshot:${snapshot.room}`);
    this.server.local.to(client.id).emit(ServerEvent.snapshot, payload);
    this.metrics.snapshots.inc({ event: ServerEvent.snapshot });
  }
}
