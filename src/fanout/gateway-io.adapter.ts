import type { Server as HttpServer } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { firstValueFrom, type Observable } from 'rxjs';
import type { Server, Socket } from 'socket.io';
import { type GatewayServer, SOCKET_SERVER } from './socket-server.js';

/** Has Nest's gateways use the injected Socket.IO server, and a client's requests done in the order they came. */
export class GatewayIoAdapter extends IoAdapter {
  private readonly server: GatewayServer;

  constructor(app: INestApplicationContext) {
    super(app);
    this.server = app.get<GatewayServer>(SOCKET_SERVER);
  }

  override createIOServer(): Server {
    this.server.attach(this.httpServer as HttpServer);
    return this.server;
  }

  /**
   * One request of a client after the other. Nest runs pipes and guards asynchronously, and a handler with fewer of them
   * overtakes: `get_products` would answer before the `subscribe` sent ahead of it.
   */
  override bindMessageHandlers(
    socket: Socket,
    handlers: MessageMappingProperties[],
    transform: (data: unknown) => Observable<unknown>,
  ): void {
    let previous: Promise<void> = Promise.resolve();
    for (const { message, callback } of handlers) {
      socket.on(message, (...args: unknown[]) => {
        const ack = typeof args.at(-1) === 'function' ? (args.pop() as (answer: unknown) => void) : undefined;
        const data = args.length > 1 ? args : args[0];
        previous = previous.then(async () => {
          // What fails has been answered by the exception filter, and comes as undefined.
          const answer = await firstValueFrom(transform(callback(data, ack)), { defaultValue: undefined });
          if (answer !== undefined) ack?.(answer);
        });
        previous = previous.catch((error: unknown) => this.logger.error(error));
      });
    }
  }
}
