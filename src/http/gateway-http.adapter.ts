import type { RequestListener, Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';

/** Express on a server of our own making: Nest's options do not reach what bounds its clients. */
export class GatewayHttpAdapter extends ExpressAdapter {
  constructor(private readonly createServer: (listener: RequestListener) => Server) {
    super();
  }

  override initHttpServer(): void {
    this.setHttpServer(this.createServer(this.getInstance<RequestListener>()));
  }
}
