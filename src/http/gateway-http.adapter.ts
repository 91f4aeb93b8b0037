import type { RequestListener, Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';

/**
 * Runs Express on a server that this service creates, because the options of Nest do not cover its
 * timeouts and limits.
 */
export class GatewayHttpAdapter extends ExpressAdapter {
  constructor(private readonly createServer: (listener: RequestListener) => Server) {
    super();
  }

  override initHttpServer(): void {
    this.setHttpServer(this.createServer(this.getInstance<RequestListener>()));
  }
}
