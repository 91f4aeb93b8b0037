import { Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { baseRoom, type MarketAddress, PORTFOLIO_ROOM, roomName, ServerEvent } from '../contract/index.js';
import { MarketStatusService } from '../liveness/market-status.service.js';
import { PortfolioService } from '../portfolio/portfolio.service.js';
import { RequestQueue } from '../transports/request-queue.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { ViewsService } from '../views/views.service.js';
import { ResumeService } from './resume.service.js';
import { SnapshotSender } from './snapshot-sender.js';
import type { SubscribeDto } from './subscription.dto.js';

/** Which rooms of a request a client was not in before, and of which nothing is known. */
export interface JoinedRooms {
  readonly joined: readonly string[];
  readonly unknown: readonly MarketAddress[];
}

/**
 * Lets clients join and leave rooms. For each room that it joins, a client receives `subscribed`, and
 * then the snapshot of the room or what it missed.
 */
@Injectable()
export class RoomMembership {
  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    private readonly snapshots: SnapshotSender,
    private readonly resumes: ResumeService,
    private readonly markets: MarketStatusService,
    private readonly views: ViewsService,
    private readonly portfolios: PortfolioService,
    private readonly requests: RequestQueue<GatewaySocket>,
  ) {}

  /**
   * Resolves once the client has joined all rooms of a request. It ends early if the client
   * disconnects.
   */
  async join(
    client: GatewaySocket,
    request: SubscribeDto,
    addresses: readonly MarketAddress[],
  ): Promise<JoinedRooms> {
    const joined: string[] = [];
    const unknown: MarketAddress[] = [];
    const resuming: Promise<void>[] = [];
    for (const address of addresses) {
      const pause = this.requests.pause(client);
      if (pause) await pause;
      if (!client.connected) break;
      const room = roomName(address);
      if (request.replace === true) this.leaveOthers(client, address);
      if (!client.rooms.has(room)) joined.push(room);
      const join = (resumes: boolean): void => {
        if (!this.joinAnew(client, room, address, resumes)) unknown.push(address);
      };
      const resumed = this.joinOrResume(client, request, address, join);
      if (resumed) resuming.push(resumed);
    }
    await Promise.all(resuming);
    return { joined, unknown };
  }

  /** @param because what the client is told after the name of the room */
  leave(client: GatewaySocket, room: string, because = ''): void {
    if (client.rooms.has(room)) {
      this.resumes.noteLeft(client, room);
      this.views.beforeLeave(client, room);
      if (room === PORTFOLIO_ROOM) this.portfolios.leave(client);
    }
    void client.leave(room);
    client.emit(ServerEvent.unsubscribed, { room, message: `Unsubscribed from ${room}${because}` });
  }

  /** The room that an address is a view of and its other views, as far as the client is in them. */
  othersOf(client: GatewaySocket, address: MarketAddress): readonly string[] {
    const base = baseRoom(address);
    const room = roomName(address);
    return [...client.rooms].filter((one) => (one === base || one.startsWith(`${base}@`)) && one !== room);
  }

  private leaveOthers(client: GatewaySocket, address: MarketAddress): void {
    if (address.type === 'general') this.views.catchUp(client);
    for (const room of this.othersOf(client, address)) this.leave(client, room);
  }

  /**
   * Joins the room. If the request resumes it and the missed updates are known, the client receives
   * these instead of the snapshot.
   * @returns undefined if the client has joined in this turn
   */
  private joinOrResume(
    client: GatewaySocket,
    request: SubscribeDto,
    address: MarketAddress,
    join: (resumes: boolean) => void,
  ): Promise<void> | undefined {
    const since = address.type === 'general' ? undefined : this.resumes.sinceOf(request, address.symbol);
    if (since === undefined || address.type !== 'product' || address.view) {
      join(request.since != null && (address.type === 'general' || since !== undefined));
      return undefined;
    }
    return this.resumes.resume(client, { room: roomName(address), address, since }, () => join(true));
  }

  /**
   * Joins the room and sends its snapshot in one turn, so that no update of the room can come in
   * between.
   * @param resumes whether the client asked for what it missed
   * @returns false if nothing is known about the room
   */
  private joinAnew(client: GatewaySocket, room: string, address: MarketAddress, resumes: boolean): boolean {
    const snapshot = this.cache.nearest(address, this.config.maxChainsPerSnapshot);
    const updates = snapshot.messages.length;
    const isCut = snapshot.complete && snapshot.known > updates && { updates, available: snapshot.known };
    if (address.type === 'general') this.views.beforeJoin(client, room);
    void client.join(room);
    const known = this.snapshots.knows(address, snapshot);
    const message = `Subscribed to ${room}`;
    const recovery = resumes && this.resumes.newestOf(address, snapshot);
    const granted = address.view && { view: address.view };
    client.emit(ServerEvent.subscribed, {
      room,
      message,
      ...granted,
      ...isCut,
      ...(!known && { known }),
      ...recovery,
    });
    this.snapshots.sendJoined(client, address, snapshot);
    this.views.joined(client, address, snapshot.messages);
    this.markets.notifyJoined(client, address);
    return known;
  }
}
