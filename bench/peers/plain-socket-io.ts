import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server, type Socket } from 'socket.io';
import type { ChainUpdate } from '../../src/contract/index.js';
import { FeedChannel } from '../../src/feed/channels.js';

/**
 * The obvious implementation: the platform's Flask gateway, ported to Socket.IO 4 for Node and
 * tuned as its documentation advises. It prefers WebSocket, compresses only on request, and emits
 * locally, because the adapter would otherwise send each message through Redis again. It emits once
 * to the union of the rooms, and frames are encoded once (Socket.IO does so while compression is
 * off). It neither checks messages nor keeps them in memory, which saves it work that the gateway
 * does.
 */
const LATEST_TTL_SECONDS = 60;

interface Request {
  readonly type?: string;
  readonly symbol?: string;
}

async function main(): Promise<void> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/0';
  const commands = new Redis(url);
  const feed = commands.duplicate();
  const http = createServer();
  const io = new Server(http, {
    transports: ['websocket', 'polling'],
    // Without context takeover, ws does not compress small messages, and keeps no compressor in
    // memory for each client.
    perMessageDeflate: process.env.PER_MESSAGE_DEFLATE === '1' && {
      serverNoContextTakeover: true,
      threshold: 1024,
    },
    adapter: createAdapter(commands.duplicate(), commands.duplicate()),
  });

  io.on('connection', (socket) => {
    void socket.join('general');
    socket.emit('connected', { client_id: socket.id, rooms: ['general'], server_time: Date.now() / 1000 });
    socket.on('subscribe', (request: Request) => void subscribe(commands, socket, request));
    socket.on('unsubscribe', (request: Request) => {
      const room = roomOf(request);
      void socket.leave(room);
      socket.emit('unsubscribed', { room, message: `Unsubscribed from ${room}` });
    });
  });

  feed.on('message', (channel: string, text: string) => {
    if (channel === FeedChannel.underlying) {
      const data = JSON.parse(text) as { product: string };
      io.local.to(['general', `product:${data.product}`]).emit('underlying_update', data);
      commands.setex(`latest:underlying:${data.product}`, LATEST_TTL_SECONDS, text).catch(() => undefined);
    } else {
      const data = JSON.parse(text) as ChainUpdate;
      const { product, expiry, spot_price, pcr_oi, max_pain_strike, atm_straddle_price, timestamp } = data;
      const summary = { product, expiry, spot_price, pcr_oi, max_pain_strike, atm_straddle_price, timestamp };
      io.local.to('general').emit('chain_summary', summary);
      io.local.to(`chain:${product}`).emit('chain_update', data);
      commands.setex(`latest:chain:${product}`, LATEST_TTL_SECONDS, text).catch(() => undefined);
    }
  });
  await feed.subscribe(FeedChannel.underlying, FeedChannel.optionChain);

  http.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, msg: 'socket_gateway_listening' })}\n`);
}

function roomOf({ type, symbol }: Request): string {
  return type === 'general' ? 'general' : `${type}:${symbol}`;
}

async function subscribe(commands: Redis, socket: Socket, request: Request): Promise<void> {
  const room = roomOf(request);
  void socket.join(room);
  socket.emit('subscribed', { room, message: `Subscribed to ${room}` });
  const { type, symbol } = request;
  if (type === 'product') {
    const cached = await commands.get(`latest:underlying:${symbol}`);
    if (cached !== null) socket.emit('underlying_update', JSON.parse(cached));
  } else if (type === 'chain') {
    const cached = await commands.get(`latest:chain:${symbol}`);
    if (cached !== null) socket.emit('chain_update', JSON.parse(cached));
  }
}

void main();
