import type { Server as HttpServer } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { type GatewayServer, SOCKET_SERVER } from '../fanout/socket-server.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { ClientAddresses } from './client-address.js';
import { Tally } from './connection-counts.js';

/** TCP connections beside those of clients: health, metrics, requests of polling clients, handshakes that are refused. */
const SPARE_CONNECTIONS = 1_000;
const SPARE_SHARE = 0.1;

/** TCP connections of one address: a polling client has two, and a page of ours needs some beside. */
const TCP_PER_CONNECTION = 2;
const TCP_SPARE = 16;

/** Bounds TCP connections, which cost something before they have said a word, and may never say one. */
@Injectable()
export class TcpGuard implements OnApplicationBootstrap {
  private readonly tally = new Tally();

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly addresses: ClientAddresses,
    private readonly metrics: GatewayMetrics,
  ) {}

  /** Nest has attached the server by now, and does not listen yet. */
  onApplicationBootstrap(): void {
    const { maxConnections, maxConnectionsPerIp } = this.config;
    const { httpServer } = this.server as unknown as { readonly httpServer: HttpServer };
    httpServer.maxConnections = maxTcpConnections(maxConnections);
    httpServer.on('drop', () => this.metrics.tcpRefused.inc({ reason: 'max_connections' }));
    if (maxConnectionsPerIp === 0) return;
    const maxOfOne = maxConnectionsPerIp * TCP_PER_CONNECTION + TCP_SPARE;
    httpServer.prependListener('connection', (connection: TcpSocket) => this.count(connection, maxOfOne));
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

/** In all: those that the clients need, and some more, so that who is one too many is told. */
export function maxTcpConnections(maxConnections: number): number {
  return maxConnections + Math.max(SPARE_CONNECTIONS, Math.ceil(maxConnections * SPARE_SHARE));
}
