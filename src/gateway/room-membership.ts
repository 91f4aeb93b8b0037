import { Injectable } from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { type RoomAddress, roomName, ServerEvent } from '../contract/index.js';
import { MarketStatusService } from '../liveness/market-status.service.js';
import { RequestQueue } from '../transports/request-queue.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { ResumeService } from './resume.service.js';
import { SnapshotSender } from './snapshot-sender.js';
import type { SubscribeDto } from './subscription.dto.js';

/** Which rooms of a request a client was not in before, and of which nothing is known. */
export interface JoinedRooms {
  readonly joined: readonly string[];
  readonly unknown: readonly RoomAddress[];
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
    private readonly requests: RequestQueue<GatewaySocket>,
  ) {}

  /**
   * Resolves once the client has joined all rooms of a request. It ends early if the client
   * disconnects.
   */
  async join(
    client: GatewaySocket,
    request: SubscribeDto,
    addresses: readonly RoomAddress[],
  ): Promise<JoinedRooms> {
    const joined: string[] = [];
    const unknown: RoomAddress[] = [];
    const resuming: Promise<void>[] = [];
    for (const address of addresses) {
      const pause = this.requests.pause(client);
      if (pause) await pause;
      if (!client.connected) break;
      const room = roomName(address);
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

  leave(client: GatewaySocket, room: string): void {
    if (client.rooms.has(room)) this.resumes.noteLeft(client, room);
    void client.leave(room);
  }

  /**
   * Joins the room. If the request resumes it and the missed updates are known, the client receives
   * these instead of the snapshot.
   * @returns undefined if the client has joined in this turn
   */
  private joinOrResume(
    client: GatewaySocket,
    request: SubscribeDto,
    address: RoomAddress,
    join: (resumes: boolean) => void,
  ): Promise<void> | undefined {
    const since = address.type === 'general' ? undefined : this.resumes.sinceOf(request, address.symbol);
    if (since === undefined || address.type !== 'product') {
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
  private joinAnew(client: GatewaySocket, room: string, address: RoomAddress, resumes: boolean): boolean {
    const snapshot = this.cache.nearest(address, this.config.maxChainsPerSnapshot);
    const updates = snapshot.messages.length;
    const isCut = snapshot.complete && snapshot.known > updates && { updates, available: snapshot.known };
    void client.join(room);
    const known = this.snapshots.knows(address, snapshot);
    const message = `Subscribed to ${room}`;
    const recovery = resumes && this.resumes.newestOf(address, snapshot);
    client.emit(ServerEvent.subscribed, { room, message, ...isCut, ...(!known && { known }), ...recovery });
    this.snapshots.sendJoined(client, address, snapshot);
    this.markets.notifyJoined(client, address);
    return known;
  }
}
