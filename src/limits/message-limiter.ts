import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { closeClient, closeConnection } from '../transports/socket-io/close-client.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { MessageRate } from './message-rate.js';

type Connection = GatewaySocket['conn'];

interface Packet {
  readonly type?: unknown;
  readonly data?: unknown;
}

/** `waitMs`: when it may be tried again. Without, the client was closed and is answered nothing. */
export type MessageAnswer = { readonly taken: true } | { readonly taken: false; readonly waitMs?: number };

/** A message counts as another one for each of so many bytes: all of them are parsed before anything else can be looked at. */
const BYTES_PER_MESSAGE = 1_024;

const TAKEN: MessageAnswer = { taken: true };

/**
 * Counts what each connection sends. Events are counted by whoever is about to handle them, one after the other: they come
 * a moment later than their packets, and a hundred in one write must not all be judged by the last. Every other packet
 * (pongs, acknowledgements, attachments, connects) is counted as it comes, or a flood of them would go unseen.
 */
@Injectable()
export class MessageLimiter implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rate: MessageRate<Connection>;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly metrics: TransportMetrics,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.rate = new MessageRate({
      clock,
      perSecond: config.eventsPerSecond,
      burst: config.eventBurst,
    });
  }

  onApplicationBootstrap(): void {
    const { eventBurst: burst } = this.config;
    const counted = (connection: Connection, packet: Packet): void => {
      let isAbuse = !isEvent(packet) && this.rate.take(connection, isEntry(packet)) === 'abuse';
      const more = Math.min(Math.floor(sizeOf(packet) / BYTES_PER_MESSAGE), burst);
      if (more > 0) isAbuse = this.rate.spend(connection, more) === 'abuse' || isAbuse;
      if (isAbuse) this.close(connection);
    };
    // One function for all connections, which are its `this`: a closure each would cost more than the rest of an idle client's share.
    const onPacket = function (this: Connection, packet: Packet): void {
      counted(this, packet);
    };
    this.server.engine.on('connection', (connection: Connection) => connection.on('packet', onPacket));
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }

  /** Counts an event of a client. One that goes on and on is closed. */
  take(client: GatewaySocket): MessageAnswer {
    switch (this.rate.take(client.conn)) {
      case 'taken':
        return TAKEN;
      case 'refused':
        return { taken: false, waitMs: this.rate.retryAfterMs(client.conn) };
      case 'abuse':
        this.close(client.conn, client);
        return { taken: false };
    }
  }

  private close(connection: Connection, client = this.clientOf(connection)): void {
    if (connection.readyState !== 'open') return;
    this.metrics.closedClients.inc({ code: 'RATE_LIMITED' });
    if (client) closeClient(client, 'RATE_LIMITED');
    else closeConnection(connection, 'RATE_LIMITED');
  }

  /** Walks all clients: nothing leads from a connection to its client, and few are closed this way. */
  private clientOf(connection: Connection): GatewaySocket | undefined {
    for (const client of this.server.sockets.sockets.values()) if (client.conn === connection) return client;
    return undefined;
  }
}

/** Whether a packet is the text of a Socket.IO event, with attachments (5) or without (2); all others are no events. */
function isEvent({ type, data }: Packet): boolean {
  return type === 'message' && typeof data === 'string' && (data.startsWith('2') || data.startsWith('5'));
}

/** Of a text its characters, which are its bytes where they are JSON of symbols. */
function sizeOf({ data }: Packet): number {
  return typeof data === 'string' || ArrayBuffer.isView(data) ? (data as string | Buffer).length : 0;
}

/** Whether it asks to be let into a namespace. */
function isEntry({ type, data }: Packet): boolean {
  return type === 'message' && typeof data === 'string' && data.startsWith('0');
}
