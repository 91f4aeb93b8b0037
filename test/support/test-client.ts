import { Agent, type ClientRequestArgs } from 'node:http';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { ServerEvent, ServerToClientEvents } from '../../src/contract/index.js';
import { cleanUp } from './cleanup.js';
import { checkMessages, ContractCheck } from './contract-check.js';
import { waitFor } from './wait.js';

/** The ways a stock client may travel. */
export const TRANSPORTS: Readonly<Record<string, Partial<ManagerOptions>>> = {
  websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  'polling that upgrades': { transports: ['polling', 'websocket'] },
  'websocket, then polling': { transports: ['websocket', 'polling'] },
};

/** A WebSocket without compression. The client's types do not have this, but it is handed on to `ws`, which offers it by default. */
export const UNCOMPRESSED = {
  transports: ['websocket'],
  perMessageDeflate: false,
} as unknown as Partial<ManagerOptions>;

/** Has a client connect from an address of this machine: a balancer keeps the polling clients of an address together. */
export function from(address: string): Partial<ManagerOptions> {
  const local: Pick<ClientRequestArgs, 'localAddress'> = { localAddress: address };
  // The client hands it on to Node, though its type has a browser in mind.
  return { agent: new Agent(local) as unknown as string };
}

export interface Received {
  readonly event: string;
  readonly payload: unknown;
}

/** What the contract says an event carries. */
type PayloadOf<E extends ServerEvent> = Parameters<ServerToClientEvents[E]>[0];

/** A stock Socket.IO client that keeps everything it receives, in order. What it sends and receives is held against the AsyncAPI document. */
export class TestClient {
  readonly received: Received[] = [];
  readonly disconnects: string[] = [];
  readonly contract = new ContractCheck();

  private constructor(readonly socket: Socket) {
    checkMessages(socket, this.contract);
    socket.onAny((event: string, payload: unknown) => this.received.push({ event, payload }));
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  /** Connects and waits for the `connected` event. */
  static async connect(
    url: string,
    options: Partial<ManagerOptions & SocketOptions> = TRANSPORTS.websocket!,
  ): Promise<TestClient> {
    const client = new TestClient(io(url, { forceNew: true, reconnection: false, ...options }));
    cleanUp(() => client.close());
    await client.next('connected');
    return client;
  }

  /** Payloads of one event, in the order received. */
  all<E extends ServerEvent>(event: E): PayloadOf<E>[] {
    const entries = this.received.filter((entry) => entry.event === event);
    return entries.map(({ payload }) => payload as PayloadOf<E>);
  }

  /** Waits until `count` payloads of an event are there; answers the last of them. */
  async next<E extends ServerEvent>(event: E, count = 1): Promise<PayloadOf<E>> {
    await waitFor(
      () => this.all(event).length >= count,
      () => `${count} x ${event} expected, received ${JSON.stringify(this.counts())}`,
    );
    return this.all(event)[count - 1]!;
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { event } of this.received) counts[event] = (counts[event] ?? 0) + 1;
    return counts;
  }

  /** Emits with an acknowledgement and answers it: whatever it is, which the assertions say. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  ask(event: string, ...args: unknown[]): Promise<any> {
    return this.socket.timeout(15_000).emitWithAck(event, ...args);
  }

  /** Everything the gateway sent before this call has arrived when it resolves. */
  async settled(): Promise<void> {
    await this.ask('get_products');
  }

  clear(): void {
    this.received.length = 0;
  }

  close(): void {
    this.socket.disconnect();
  }
}
