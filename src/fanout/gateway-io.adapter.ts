import type { Server as HttpServer } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server } from 'socket.io';
import { type GatewayServer, SOCKET_SERVER } from './socket-server.js';

/** Has Nest's gateways use the injected Socket.IO server instead of making one of their own. */
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
}
