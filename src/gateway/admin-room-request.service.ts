import { Injectable } from '@nestjs/common';
import { StatsWatch } from '../admin/stats/stats-watch.js';
import { AuthService } from '../auth/auth.service.js';
import { ADMIN_ROOM, ServerEvent, type SubscriptionAcknowledgement } from '../contract/index.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { forbidden } from './request-error.js';

/** Handles requests for the room of operators. */
@Injectable()
export class AdminRoomRequestService {
  constructor(
    private readonly auth: AuthService,
    private readonly stats: StatsWatch,
  ) {}

  /** @throws RequestError if the client's token does not have the role `admin` */
  subscribe(client: GatewaySocket): SubscriptionAcknowledgement {
    if (!this.auth.permissionsOf(client).mayJoin({ type: ADMIN_ROOM })) {
      throw forbidden(
        'The state of the replicas is for operators only. Connect with a token that has the role admin.',
        [ADMIN_ROOM],
      );
    }
    void client.join(ADMIN_ROOM);
    client.emit(ServerEvent.subscribed, { room: ADMIN_ROOM, message: `Subscribed to ${ADMIN_ROOM}` });
    this.stats.wake();
    return { ok: true, rooms: [ADMIN_ROOM] };
  }
}
