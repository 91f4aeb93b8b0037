import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { JsonPayload, type Notice, NOTICE_LEVELS, ServerEvent } from '../../contract/index.js';
import type { MessageBody } from '../../replicas/replica-message.js';
import { ReplicaCalls } from '../../replicas/replica-calls.js';
import { closeClient } from '../../transports/socket-io/close-client.js';
import { type GatewayServer, SOCKET_SERVER } from '../../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../../transports/transport.metrics.js';
import { ClientDirectory } from './client-directory.js';
import { CLIENT_ORDERS, type ClientOrder, type ClientQuery, type FoundClients } from './client-info.js';
import { type ClientTarget, readTarget } from './client-target.js';

/** The names of the calls. */
export const FIND_CLIENTS = 'find_clients';
export const DISCONNECT_CLIENTS = 'disconnect_clients';
export const SEND_NOTICE = 'send_notice';

/** The most clients that one answer has. */
export const MAX_FOUND = 200;

/** How many clients of this replica an action was for. */
export interface Reached {
  readonly clients: number;
}

/** What operators do to clients. Each action is done by every replica for its own clients. */
@Injectable()
export class ClientActions implements OnModuleInit {
  constructor(
    private readonly directory: ClientDirectory,
    private readonly calls: ReplicaCalls,
    private readonly metrics: TransportMetrics,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.calls.provide(FIND_CLIENTS, (args) => this.find(args));
    this.calls.provide(DISCONNECT_CLIENTS, (args) => this.disconnect(args));
    this.calls.provide(SEND_NOTICE, (args) => this.notify(args));
  }

  private find(args: MessageBody): Promise<FoundClients> {
    const { client_id, user, address, room, transport, sort, limit } = args;
    const fields = { client_id, user, address, room, transport };
    const query = Object.fromEntries(
      Object.entries(fields).filter(([, value]) => typeof value === 'string'),
    ) as Partial<ClientQuery>;
    return this.directory.find({
      ...query,
      sort: CLIENT_ORDERS.includes(sort as ClientOrder) ? (sort as ClientOrder) : 'lag_ms',
      limit: Number.isInteger(limit) ? Math.min(Math.max(Number(limit), 1), MAX_FOUND) : MAX_FOUND,
    });
  }

  private async disconnect(args: MessageBody): Promise<Reached> {
    const code = args.reconnect === true ? 'REBALANCING' : 'DISCONNECTED';
    const clients = await this.directory.select(targetOf(args));
    for (const client of clients) {
      this.metrics.closedClients.inc({ code });
      closeClient(client, code);
    }
    return { clients: clients.length };
  }

  private async notify(args: MessageBody): Promise<Reached> {
    const target = targetOf(args);
    const payload = this.payloadOf(args);
    if ('everyone' in target) {
      this.server.local.emit(ServerEvent.notice, payload);
      return { clients: this.server.sockets.sockets.size };
    }
    if ('room' in target) {
      const members = (await this.directory.select(target)).length;
      const rooms = this.directory.withViews(target.room);
      if (members > 0) this.server.local.to(rooms).emit(ServerEvent.notice, payload);
      return { clients: members };
    }
    const clients = await this.directory.select(target);
    for (const { id } of clients) this.server.local.to(id).emit(ServerEvent.notice, payload);
    return { clients: clients.length };
  }

  /** A lagging client keeps every notice: none replaces another. */
  private payloadOf({ level, text, link }: MessageBody): JsonPayload<Notice> {
    if (!NOTICE_LEVELS.includes(level as Notice['level']) || typeof text !== 'string' || text === '')
      throw new Error('The notice has no level or no text.');
    const notice: Notice = {
      level: level as Notice['level'],
      text,
      ...(typeof link === 'string' && { link }),
      sent_at: this.clock.wallNow() / 1_000,
    };
    return new JsonPayload(JSON.stringify(notice), `${ServerEvent.notice}:${randomUUID()}`);
  }
}

function targetOf(args: MessageBody): ClientTarget {
  const target = readTarget(args);
  if (!target) throw new Error('The action must name one client, user or room, or everyone.');
  return target;
}
