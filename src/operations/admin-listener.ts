import { once } from 'node:events';
import { type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AdminHosts } from '../config/admin-hosts.js';
import { createHttpServer, type HttpTimes } from '../http/http-server.js';
import type { AdminAccess } from './admin-access.js';

interface AdminListenerOptions extends HttpTimes {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Names to accept as `Host`: see {@link AdminHosts}. */
  readonly adminHosts: readonly string[];
}

/**
 * The admin port. It serves the same application as the main port, but without Socket.IO. It uses
 * plain HTTP even if the main port has TLS, because it is for probes and scrapers inside the
 * cluster.
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
    }, options);
  }

  /**
   * @returns the port on which it listens
   * @throws Node's error if it cannot listen
   */
  async listen(): Promise<number> {
    this.server.listen(this.port, this.host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Closes open connections too, so that a scraper's idle connection does not keep the process
   * running.
   */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/**
 * Responds with 421. The body has the form of all other error responses: the status and its name.
 */
function rejectHost(response: ServerResponse): void {
  const statusCode = 421;
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ statusCode, message: STATUS_CODES[statusCode] }));
}
