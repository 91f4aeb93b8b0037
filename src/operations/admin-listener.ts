import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The second port: the same application as on the first, without Socket.IO. Plain HTTP, even where the first has TLS: probes
 * and scrapers inside the cluster ask it.
 */
export class AdminListener {
  /** @param port 0 takes any free one */
  constructor(
    private readonly server: Server,
    readonly port: number,
    readonly host: string,
  ) {}

  /**
   * Answers the port it listens on.
   * @throws Node's error where it cannot listen
   */
  async listen(): Promise<number> {
    this.server.listen(this.port, this.host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts what is open: a scraper that keeps its connection must not keep the process. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
