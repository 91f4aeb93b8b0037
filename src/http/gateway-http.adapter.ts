import type { RequestListener, Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';

interface HttpAdapterOptions {
  readonly createServer: (listener: RequestListener) => Server;
  /** How many TCP connections may wait to be accepted. The kernel's limit applies too. */
  readonly backlog: number;
}

/**
 * Runs Express on a server that this service creates, because the options of Nest do not cover its
 * timeouts and limits.
 */
export class GatewayHttpAdapter extends ExpressAdapter {
  constructor(private readonly server: HttpAdapterOptions) {
    super();
  }

  override initHttpServer(): void {
    this.setHttpServer(this.server.createServer(this.getInstance<RequestListener>()));
  }

  override listen(
    port: string | number,
    ...rest: [callback?: () => void] | [host: string, callback?: () => void]
  ): Server {
    const [host, callback] = typeof rest[0] === 'string' ? [rest[0], rest[1]] : [undefined, rest[0]];
    const { backlog } = this.server;
    return (this.getHttpServer() as Server).listen({ port: Number(port), host, backlog }, callback);
  }
}
