import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PacketType } from 'socket.io-parser';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { closeClient, closeConnection } from '../transports/socket-io/close-client.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { usesMessagePack } from '../transports/socket-io/messagepack-clients.js';
import { asksToEnter, beginsLike } from '../transports/socket-io/messagepack-packets.js';
import { MessageRate } from './message-rate.js';

type Connection = GatewaySocket['conn'];

interface Packet {
  readonly type?: unknown;
  readonly data?: unknown;
}

/**
 * Whether a message is accepted. `waitMs` is the time until a rejected one may be retried. If it is
 * missing, the client was closed, and must not be sent a reply.
 */
export type MessageAnswer = { readonly taken: true } | { readonly taken: false; readonly waitMs?: number };

/**
 * Each full block of this many bytes in a message counts as one more message, because the whole
 * text is parsed before anything else can be checked.
 */
const BYTES_PER_MESSAGE = 1_024;

const TAKEN: MessageAnswer = { taken: true };

/**
 * Limits the message rate of each connection. Events are counted one by one by their handler,
 * through `take`: all packets of one write arrive before their events are handled, so counting
 * packets would apply the state after the last one to all of them. Every other packet (pongs,
 * acknowledgements, attachments, connects) is counted on arrival, because it has no handler that
 * could count it.
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
      let isAbuse = !isEvent(packet, connection) && this.rate.take(connection, isEntry(packet)) === 'abuse';
      const more = Math.min(Math.floor(sizeOf(packet) / BYTES_PER_MESSAGE), burst);
      if (more > 0) isAbuse = this.rate.spend(connection, more) === 'abuse' || isAbuse;
      if (isAbuse) this.close(connection);
    };
    // One function serves all connections, each as its `this`. A closure per connection would cost
    // more memory than everything else here costs for an idle client.
    const onPacket = function (this: Connection, packet: Packet): void {
      counted(this, packet);
    };
    this.server.engine.on('connection', (connection: Connection) => connection.on('packet', onPacket));
  }

  onApplicationShutdown(): void {
    this.rate.stop();
  }

  /** Counts an event of a client, and closes a client that keeps exceeding the limit. */
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

  /** Searches all clients, because a connection has no link to its client. It is rarely needed. */
  private clientOf(connection: Connection): GatewaySocket | undefined {
    for (const client of this.server.sockets.sockets.values()) if (client.conn === connection) return client;
    return undefined;
  }
}

/** Whether a packet is a Socket.IO event, with (type 5) or without (type 2) attachments. */
function isEvent({ type, data }: Packet, connection: Connection): boolean {
  if (type !== 'message') return false;
  if (typeof data === 'string') return data.startsWith('2') || data.startsWith('5');
  return Buffer.isBuffer(data) && beginsLike(PacketType.EVENT, data) && usesMessagePack(connection);
}

/** Size of a packet: bytes, or characters of a text, which are the same for ASCII. */
function sizeOf({ data }: Packet): number {
  return typeof data === 'string' || ArrayBuffer.isView(data) ? (data as string | Buffer).length : 0;
}

/** Whether a packet requests to connect to a namespace. */
function isEntry({ type, data }: Packet): boolean {
  if (type !== 'message') return false;
  return typeof data === 'string' ? data.startsWith('0') : Buffer.isBuffer(data) && asksToEnter(data);
}
