import { once } from 'node:events';
import { type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AdminHosts } from '../config/admin-hosts.js';
import { createHttpServer } from '../http/http-server.js';
import type { AdminAccess } from './admin-access.js';

interface AdminListenerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Names to accept as `Host`: see {@link AdminHosts}. */
  readonly adminHosts: readonly string[];
  readonly longestPollMs: number;
}

/**
 * The second port: it serves the same application as the first, without Socket.IO. It speaks plain HTTP even if the first port has TLS,
 * because probes and scrapers inside the cluster ask it.
 */
export class AdminListener {
  private readonly server: Server;
  readonly port: number;
  readonly host: string;

  constructor(application: RequestListener, access: AdminAccess, options: AdminListenerOptions) {
    const hosts = new AdminHosts(options.adminHosts);
    this.port = options.port;
    this.host = options.host;
    this.server = createHttpServer((request, response) => {
      if (!hosts.allows(request.headers.host)) {
        rejectHost(response);
        return;
      }
      access.admit(request);
      application(request, response);
    }, options.longestPollMs);
  }

  /**
   * Returns the port it listens on.
   * @throws Node's error if it cannot listen
   */
  async listen(): Promise<number> {
    this.server.listen(this.port, this.host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts open connections: a scraper that keeps its connection must not keep the process running. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** The body has the form of the other error answers: the status and its name. */
function rejectHost(response: ServerResponse): void {
  const statusCode = 421;
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ statusCode, message: STATUS_CODES[statusCode] }));
}
