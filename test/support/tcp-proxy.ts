import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { cleanUp } from './cleanup.js';

/** A TCP proxy whose connections a test can cut or stall, as a network does. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private state: 'well' | 'cut' | 'frozen' = 'well';
  private dropped: 'requests' | 'responses' | undefined;

  protected constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.relay(client));
    cleanUp(() => this.stop());
  }

  /** @param targetPort the port on 127.0.0.1 */
  static async start(targetPort: number): Promise<TcpProxy> {
    return new TcpProxy(await listening(), targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Closes every connection, and each new one at once, until `mend`. */
  cut(): void {
    this.state = 'cut';
    this.destroyAll();
  }

  /** Stops all traffic in both directions until `mend`, with all connections open. */
  freeze(): void {
    this.state = 'frozen';
    for (const socket of this.sockets) socket.pause();
  }

  /** Loses everything that is sent in one direction until `mend`, with all connections open. */
  drop(direction: 'requests' | 'responses'): void {
    this.dropped = direction;
  }

  mend(): void {
    this.state = 'well';
    this.dropped = undefined;
    for (const socket of this.sockets) socket.resume();
  }

  async stop(): Promise<void> {
    this.destroyAll();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  /** Forwards data from the client to the target. */
  protected request(chunk: Buffer, target: Socket): void {
    target.write(chunk);
  }

  /** Forwards data from the target to the client. */
  protected response(chunk: Buffer, client: Socket): void {
    client.write(chunk);
  }

  private relay(client: Socket): void {
    if (this.state === 'cut') {
      client.destroy();
      return;
    }
    const target = connect(this.targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
      if (this.state === 'frozen') socket.pause();
    }
    client.on('data', (chunk) => {
      if (this.dropped !== 'requests') this.request(chunk, target);
    });
    target.on('data', (chunk) => {
      if (this.dropped !== 'responses') this.response(chunk, client);
    });
  }

  private destroyAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Starts a server on a free port of this machine. */
export async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
