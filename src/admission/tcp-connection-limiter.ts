import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayConfig } from '../config/gateway-config.js';
import { httpServerOf } from '../transports/socket-io/engine-io-internals.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { AdmissionMetrics } from './admission.metrics.js';
import { ClientAddresses } from '../http/client-address.js';
import { CounterMap } from '../limits/connection-counts.js';

/**
 * The smallest number of TCP connections that may be open without having made a request. A client
 * makes its request within moments of connecting, so even thousands that connect together stay near
 * this number.
 */
const SILENT_CONNECTIONS = 1_000;
const SILENT_SHARE = 0.1;

/**
 * The TCP connections allowed for each client connection of an address: a polling client uses two.
 * An address also gets some spare ones, which browsers need to load pages of this service.
 */
const TCP_PER_CONNECTION = 2;
const TCP_SPARE = 16;

/**
 * Limits TCP connections, which cost memory even before they make a request, and may never make
 * one. If too many have not made a request, the oldest of them is closed, because the new one may
 * be a real client. If the new one were refused instead, an attacker that opens enough connections
 * could lock out all polling clients.
 */
@Injectable()
export class TcpConnectionLimiter implements OnApplicationBootstrap {
  private readonly tally = new CounterMap();
  /**
   * Connections that have not made a request yet, the oldest first. The key is the peer address and
   * port, because Node has two socket objects for one TLS connection.
   */
  private readonly silent = new Map<string, TcpSocket>();

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly addresses: ClientAddresses,
    private readonly metrics: AdmissionMetrics,
  ) {}

  /** Runs after Nest has attached the server, and before the server listens. */
  onApplicationBootstrap(): void {
    const { maxConnections, maxConnectionsPerIp } = this.config;
    const httpServer = httpServerOf(this.server);
    httpServer.maxConnections = maxTcpConnections(maxConnections);
    httpServer.on('drop', () => {
      this.metrics.tcpRefused.inc({ reason: 'max_connections' });
      // Idle keep-alive connections only wait for a request that may never come.
      httpServer.closeIdleConnections();
    });
    this.boundSilent(httpServer, maxSilentConnections(maxConnections));
    if (maxConnectionsPerIp === 0) return;
    this.boundEach(httpServer, maxConnectionsPerIp * TCP_PER_CONNECTION + TCP_SPARE);
  }

  private boundSilent(httpServer: HttpServer, max: number): void {
    const { silent } = this;
    // One listener shared by all connections, removed at the first request, so that an idle client
    // costs nothing here.
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

  private boundEach(httpServer: HttpServer, maxOfOne: number): void {
    const { tally, addresses, metrics } = this;
    // One listener shared by all connections, which still know their peer when they are closed.
    const release = function (this: TcpSocket): void {
      tally.remove(addresses.ofPeer(this.remoteAddress));
    };
    httpServer.prependListener('connection', (connection: TcpSocket) => {
      // A trusted proxy carries the connections of many clients.
      if (addresses.isTrusted(connection.remoteAddress)) return;
      const peer = addresses.ofPeer(connection.remoteAddress);
      if (tally.get(peer) >= maxOfOne) {
        metrics.tcpRefused.inc({ reason: 'ip_connections' });
        connection.destroy();
        return;
      }
      tally.add(peer);
      connection.on('close', release);
    });
  }
}

function peerOf({ remoteAddress, remotePort }: TcpSocket): string {
  return `${remoteAddress} ${remotePort}`;
}

function maxSilentConnections(maxConnections: number): number {
  return Math.max(SILENT_CONNECTIONS, Math.ceil(maxConnections * SILENT_SHARE));
}

/**
 * The limit of all TCP connections: enough for `maxConnections` polling clients, plus those that
 * have not made a request yet.
 */
function maxTcpConnections(maxConnections: number): number {
  return maxConnections * TCP_PER_CONNECTION + maxSilentConnections(maxConnections);
}
