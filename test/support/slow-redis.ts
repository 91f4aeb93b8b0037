import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { cleanUp } from './cleanup.js';

/**
 * A TCP proxy before Redis that can hold back the replies to chosen commands: the one way to force the race between a
 * read of the store and a live message.
 */
export class SlowRedis {
  private readonly sockets = new Set<Socket>();
  private readonly held: (() => void)[] = [];
  private holding: RegExp | undefined;
  /** How often a command to be held came by. */
  holds = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(redisPort: number): Promise<SlowRedis> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new SlowRedis(server, `redis://127.0.0.1:${(server.address() as AddressInfo).port}/0`);
    server.on('connection', (client) => proxy.relay(client, connect(redisPort, '127.0.0.1')));
    cleanUp(() => proxy.stop());
    return proxy;
  }

  /** From now on, a connection that sends a command matching `command` gets no reply until `release`. */
  hold(command: RegExp): void {
    this.holding = command;
  }

  release(): void {
    this.holding = undefined;
    for (const resume of this.held.splice(0)) resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private relay(client: Socket, redis: Socket): void {
    for (const socket of [client, redis]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (this.holding?.test(chunk.toString('latin1'))) {
        this.holds++;
        redis.pause();
        this.held.push(() => redis.resume());
      }
      redis.write(chunk);
    });
    redis.on('data', (chunk) => client.write(chunk));
  }
}
