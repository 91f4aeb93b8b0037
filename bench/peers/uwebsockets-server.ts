import { Redis } from 'ioredis';
import { FeedChannel } from '../../src/feed/channels.js';
import { EVERYTHING } from '../publish/wire-format.js';

/**
 * The prices of the feed through the publish and subscribe of uWebSockets.js, whose binary
 * UWEBSOCKETS names. A client sends the name of a topic to subscribe to it, and gets `+`. Messages
 * are passed on as they are.
 */
interface WebSocket {
  subscribe(topic: string): boolean;
  send(text: string): number;
}

interface App {
  ws(path: string, behavior: Record<string, unknown>): App;
  publish(topic: string, text: string): boolean;
  listen(host: string, port: number, listening: (token: unknown) => void): App;
}

interface UWebSockets {
  readonly DISABLED: number;
  App(): App;
  us_socket_local_port(token: unknown): number;
}

/** Messages to a client that reads too slowly are dropped above this, and by default above 64 KB. */
const MAX_BACKPRESSURE = 16 * 1024 * 1024;

async function main(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/0');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a binary, whose path is known only now
  const library = require(process.env.UWEBSOCKETS!) as UWebSockets;
  const app = library.App().ws('/*', {
    compression: library.DISABLED,
    maxBackpressure: MAX_BACKPRESSURE,
    message: (socket: WebSocket, topic: ArrayBuffer) => {
      socket.subscribe(Buffer.from(topic).toString());
      socket.send('+');
    },
  });
  redis.on('message', (_channel: string, text: string) => {
    const { product } = JSON.parse(text) as { product: string };
    app.publish(EVERYTHING, text);
    app.publish(product, text);
  });
  await redis.subscribe(FeedChannel.underlying);
  app.listen('127.0.0.1', Number(process.env.PORT ?? 0), (token) => {
    if (token === false) throw new Error('cannot listen');
    const port = library.us_socket_local_port(token);
    process.stdout.write(`${JSON.stringify({ port, msg: 'socket_gateway_listening' })}\n`);
  });
}

void main();
