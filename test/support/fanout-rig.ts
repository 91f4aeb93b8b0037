import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Adapter } from 'socket.io-adapter';
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- stopAll() disconnects its clients
import { type Socket as ClientSocket, io, type ManagerOptions } from 'socket.io-client';
import { loadConfig } from '../../src/config/gateway-config.js';
import { JsonPayload, type Products, type UnderlyingUpdate } from '../../src/contract/index.js';
import type { BatchWriter } from '../../src/fanout/batch-writer.js';
import { fanoutAdapter } from '../../src/transports/socket-io/fanout-adapter.js';
import { linkEncodings } from '../../src/transports/socket-io/link-encodings.js';
import { SocketIoLink } from '../../src/transports/socket-io/socket-io-link.js';
import { FanoutEngine } from '../../src/fanout/fanout-engine.js';
import { closingFrame, laggingFrame } from '../../src/fanout/notices.js';
import { systemClock } from '../../src/common/clock.js';
import {
  createSocketServer,
  type GatewayServer,
  type GatewaySocket,
} from '../../src/transports/socket-io/socket-server.js';
import { waitFor } from './wait.js';
import { UNOBSERVED } from './unobserved.js';

/** Both ends of a connection, and the numbers that its client has received. */
export interface Ends {
  readonly client: ClientSocket;
  readonly socket: GatewaySocket;
  readonly numbers: number[];
}

/** A Socket.IO server configured like the gateway's, with the fan-out engine behind its adapter. */
export class FanoutRig {
  private static readonly open = new Set<FanoutRig>();
  readonly degraded: string[] = [];
  /** Called with each connection before the engine sees it. */
  prepare: (socket: GatewaySocket) => void = () => undefined;
  private readonly clients: ClientSocket[] = [];
  private readonly http = createServer();
  readonly server: GatewayServer;
  /** How many writes went through the batch writer. */
  batchedWrites = 0;

  private constructor(batchWriter?: BatchWriter) {
    const counting: BatchWriter | undefined = batchWriter && {
      ...batchWriter,
      send: (buffers, runs, writes, count, taken) => {
        this.batchedWrites += count;
        batchWriter.send(buffers, runs, writes, count, taken);
      },
    };
    const encodingsOf = linkEncodings(1_024, undefined);
    const adapter = fanoutAdapter(Adapter, {
      createEngine: () =>
        new FanoutEngine({
          clock: systemClock,
          maxDelayMs: 50,
          conflateAboveBytes: 65_536,
          maxWaitingBytes: 67_108_864,
          stallTimeoutMs: 60_000,
          laggingFrame,
          closingFrame,
          observer: { ...UNOBSERVED, degraded: (problem) => this.degraded.push(problem) },
          batchWriter: counting,
        }),
      connect: (connection, listener) => new SocketIoLink(connection, encodingsOf(connection), listener),
      onBroadcast: () => undefined,
    });
    this.server = createSocketServer(loadConfig({}), adapter);
  }

  static async start(batchWriter?: BatchWriter): Promise<FanoutRig> {
    const rig = new FanoutRig(batchWriter);
    FanoutRig.open.add(rig);
    rig.server.attach(rig.http);
    rig.server.use((socket, next) => {
      rig.prepare(socket);
      next();
    });
    rig.http.listen(0, '127.0.0.1');
    await once(rig.http, 'listening');
    return rig;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async connect(options: Partial<ManagerOptions> = { transports: ['websocket'] }): Promise<Ends> {
    const connected = once(this.server, 'connection') as Promise<[GatewaySocket]>;
    const client = io(this.url, { forceNew: true, reconnection: false, ...options });
    this.clients.push(client);
    const numbers: number[] = [];
    client.on('underlying_update', ({ price }: UnderlyingUpdate) => numbers.push(price));
    client.on('products', ({ products }: Products) => numbers.push(Number(products[0])));
    const [socket] = await connected;
    await waitFor(() => client.connected);
    return { client, socket, numbers };
  }

  /** Emits a numbered message to all clients through the engine. */
  broadcast(n: number, bytes = 1_000): void {
    const text = JSON.stringify({ price: n, padding: 'x'.repeat(bytes) });
    this.server.local.emit('underlying_update', new JsonPayload<UnderlyingUpdate>(text, `${n}`));
  }

  /** Stops every started server and client. */
  static async stopAll(): Promise<void> {
    for (const rig of FanoutRig.open) await rig.stop();
    FanoutRig.open.clear();
  }

  private async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.server.close();
  }
}

/** Sends a numbered message to one client through engine.io. */
export function reply(socket: GatewaySocket, n: number, bytes = 0): void {
  socket.emit('products', { products: [`${n}`, 'x'.repeat(bytes)] });
}
