import { Module } from '@nestjs/common';
import { SocketIoModule } from '../transports/socket-io/socket-io.module.js';
import { type GatewayServer, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { ViewRooms } from './view-rooms.js';
import { ViewsMetrics } from './views.metrics.js';
import { ViewsService } from './views.service.js';

/** Cheaper forms of the data of rooms: fewer columns, fewer strikes, or a lower rate. */
@Module({
  imports: [SocketIoModule],
  providers: [
    {
      provide: ViewRooms,
      inject: [SOCKET_SERVER],
      useFactory: ({ sockets }: GatewayServer) => new ViewRooms(sockets.adapter),
    },
    ViewsMetrics,
    ViewsService,
  ],
  exports: [ViewRooms, ViewsService],
})
export class ViewsModule {}
