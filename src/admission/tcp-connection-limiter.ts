import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { httpServerOf } from '../transports/socket-io/engine-io-internals.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { AdmissionMetrics } from './admission.metrics.js';
import { ClientAddresses } from '../http/client-address.js';
import { CounterMap } from '../limits/connection-counts.js';

/** TCP connections that have not made a request yet: each does so in a moment, and thousands connect together at the most. */
const SILENT_CONNECTIONS = 1_000;
const SILENT_SHARE = 0.1;

/** TCP connections of one address: a polling client has two, and a page of ours needs some beside. */
const TCP_PER_CONNECTION = 2;
const TCP_SPARE = 16;

/**
 * Bounds TCP connections, which cost something before they have said a word, and may never say one. Of those that have not made a
 * request yet the oldest goes, for a new one may be a client that has something to say; were the new one refused, whoever opens
 * enough of them would shut out all polling clients.
 */
@Injectable()
export class TcpConnectionLimiter implements OnApplicationBootstrap {
  private readonly tally = new CounterMap();
  /** Those without a request, the oldest first; by their peer, for of a TLS connection Node has two sockets. */
  private readonly silent = new Map<string, TcpSocket>();

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly addresses: ClientAddresses,
    private readonly metrics: AdmissionMetrics,
  ) {}

  /** Nest has attached the server by now, and does not listen yet. */
  onApplicationBootstrap(): void {
    const { maxConnections, maxConnectionsPerIp } = this.config;
    const httpServer = httpServerOf(this.server);
    httpServer.maxConnections = maxTcpConnections(maxConnections);
    httpServer.on('drop', () => {
      this.metrics.tcpRefused.inc({ reason: 'max_connections' });
      // Kept alive for a next request that nobody may ever make.
      httpServer.closeIdleConnections();
    });
    this.boundSilent(httpServer, maxSilentConnections(maxConnections));
    if (maxConnectionsPerIp === 0) return;
    const maxOfOne = maxConnectionsPerIp * TCP_PER_CONNECTION + TCP_SPARE;
    httpServer.prependListener('connection', (connection: TcpSocket) => this.count(connection, maxOfOne));
  }

  private boundSilent(httpServer: HttpServer, max: number): void {
    const { silent } = this;
    // One function for all, and gone with the first request: an idle client costs nothing here.
    const forget = function (this: TcpSocket): void {
      silent.delete(peerOf(this));
    };
    httpServer.prependListener('connection', (connection: TcpSocket) => {
      silent.set(peerOf(connection), connection);
      connection.once('close', forget);
      if (silent.size <= max) return;
      const [oldest] = silent.values();
      this.metrics.tcpRefused.inc({ reason: 'silent' });
      oldest?.destroy();
      if (oldest) forget.call(oldest);
    });
    const speaks = ({ socket }: IncomingMessage): void => {
      const connection = silent.get(peerOf(socket));
      if (!connection) return;
      connection.off('close', forget);
      silent.delete(peerOf(socket));
    };
    httpServer.prependListener('request', speaks);
    httpServer.prependListener('upgrade', speaks);
  }

  private count(connection: TcpSocket, maxOfOne: number): void {
    // A trusted proxy has the connections of all.
    if (this.addresses.isTrusted(connection.remoteAddress)) return;
    const peer = this.addresses.ofPeer(connection.remoteAddress);
    if (this.tally.get(peer) >= maxOfOne) {
      this.metrics.tcpRefused.inc({ reason: 'ip_connections' });
      connection.destroy();
      return;
    }
    this.tally.add(peer);
    connection.once('close', () => this.tally.remove(peer));
  }
}

function peerOf({ remoteAddress, remotePort }: TcpSocket): string {
  return `${remoteAddress} ${remotePort}`;
}

export function maxSilentConnections(maxConnections: number): number {
  return Math.max(SILENT_CONNECTIONS, Math.ceil(maxConnections * SILENT_SHARE));
}

/** In all: what as many clients need that poll, and those that have not said yet what they are. */
export function maxTcpConnections(maxConnections: number): number {
  return maxConnections * TCP_PER_CONNECTION + maxSilentConnections(maxConnections);
}
