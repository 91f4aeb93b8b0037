import { Inject, Injectable } from '@nestjs/common';
import { CacheService, type Snapshot } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  baseRoom,
  ClientEvent,
  GENERAL_ROOM,
  JsonPayload,
  parseTimestamp,
  productRoom,
  ReplayPayloads,
  roomAddress,
  type MarketAddress,
  ServerEvent,
  type SnapshotAddress,
  type SubscriptionConfirmed,
  type UnderlyingUpdate,
} from '../contract/index.js';
import { underlyingKey } from '../feed/market-message.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { HistoryMetrics } from '../history/history.metrics.js';
import { HistoryService } from '../history/history.service.js';
import type { Replayable } from '../history/missed-updates.js';
import { WorkLimiter } from '../limits/work-limiter.js';
import { isSlow } from '../transports/socket-io/slow-client.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { ViewRooms } from '../views/view-rooms.js';
import { RequestCost } from './request-cost.js';
import type { SubscribeDto } from './subscription.dto.js';

/** How a client joins a room again, with what it missed. */
export interface Resume {
  readonly room: string;
  readonly address: SnapshotAddress & { readonly type: 'product' };
  /** The timestamp of the newest update that the client has, µs since the epoch. */
  readonly since: number;
}

/**
 * Lets clients join the room of a product again without missing an update: it sends the updates
 * since the newest one that the client has, in the turn of the join.
 */
@Injectable()
export class ResumeService {
  /** The rooms that clients have left in this connection, or of which they have left a view. */
  private readonly left = new WeakMap<GatewaySocket, Set<string>>();

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly history: HistoryService,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly views: ViewRooms,
    private readonly work: WorkLimiter,
    private readonly cost: RequestCost,
    private readonly metrics: HistoryMetrics,
  ) {}

  /** The time from which a client wants to resume a room of its request, µs since the epoch. */
  sinceOf({ since }: SubscribeDto, symbol: string): number | undefined {
    const time = typeof since === 'object' && since !== null ? ownValue(since, symbol) : since;
    return parseTimestamp(time, this.config.feedRules.offsetOf);
  }

  /**
   * Joins the room and sends what the client missed. If some of that may be unknown, calls
   * `joinAnew` instead, which joins the room with its snapshot.
   * @returns undefined if the client has joined in this turn
   */
  resume(client: GatewaySocket, resume: Resume, joinAnew: () => void): Promise<void> | undefined {
    const { symbol } = resume.address;
    return this.history.resume(
      symbol,
      resume.since,
      (missed, source) => {
        if (!client.connected) return;
        if (missed && this.canReplay(client, symbol)) {
          this.metrics.resumes.inc({ source });
          this.replay(client, resume, missed);
        } else {
          this.metrics.resumes.inc({ source: 'not_recovered' });
          joinAnew();
        }
      },
      () => client.connected,
    );
  }

  /**
   * What `subscribed` says to a client that resumes a room and receives its snapshot. A chain or a
   * view is recovered by that, because a client of it needs only the newest state.
   */
  newestOf(
    address: MarketAddress,
    { messages, complete, known }: Snapshot & { readonly known: number },
  ): Pick<SubscriptionConfirmed, 'recovered' | 'replayed' | 'conflated'> {
    if (address.type === 'product' && !address.view) return { recovered: false };
    const recovered = address.type !== 'general' && complete && known === messages.length;
    this.metrics.resumes.inc({ source: recovered ? 'newest' : 'not_recovered' });
    return recovered ? { recovered, replayed: messages.length, conflated: true } : { recovered };
  }

  /** Call it when a client leaves a room that it was in. */
  noteLeft(client: GatewaySocket, room: string): void {
    const address = roomAddress(room);
    // Nothing was sent of a product that was never received. So a client that joins and leaves any
    // number of made-up rooms takes no memory.
    const hadPrices =
      address?.type === 'product'
        ? this.history.lastReceivedAt(address.symbol) !== undefined
        : address?.type === 'general';
    if (!address || !hadPrices) return;
    const left = this.left.get(client) ?? new Set();
    this.left.set(client, left.add(baseRoom(address)));
  }

  /**
   * False if the client may already have received a newer update in this connection, because an
   * older one must not follow it; or if it does not read what it is sent.
   */
  private canReplay(client: GatewaySocket, symbol: string): boolean {
    if (isSlow(client, this.config.conflateAboveBytes)) return false;
    if (this.cache.wasServed(underlyingKey(symbol), client.id)) return false;
    const left = this.left.get(client);
    const hasBeenIn = (room: string): boolean =>
      left?.has(room) === true || this.views.withViews([room]).some((one) => client.rooms.has(one));
    if (hasBeenIn(productRoom(symbol))) return false;
    const receivedAt = this.history.lastReceivedAt(symbol);
    return !hasBeenIn(GENERAL_ROOM) || receivedAt === undefined || receivedAt < client.handshake.issued;
  }

  private replay(client: GatewaySocket, { room, address }: Resume, missed: readonly Replayable[]): void {
    void client.join(room);
    const message = `Subscribed to ${room}`;
    client.emit(ServerEvent.subscribed, { room, message, recovered: true, replayed: missed.length });
    if (missed.length > 0) {
      const key = underlyingKey(address.symbol);
      const payloads = missed.map(({ value }) => new JsonPayload<UnderlyingUpdate>(value, key));
      this.server.local.to(client.id).emit(ServerEvent.underlyingUpdate, new ReplayPayloads(payloads));
      this.metrics.replayed.inc(missed.length);
      this.work.charge(client, ClientEvent.subscribe, this.cost.ofReplay(missed.length));
    }
    this.freshness.notify(client.id, address, this.cache.snapshot(address).messages);
  }
}

function ownValue(times: Readonly<Record<string, string>>, symbol: string): string | undefined {
  return Object.hasOwn(times, symbol) ? times[symbol] : undefined;
}
