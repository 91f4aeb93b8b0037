import { Agent, type ClientRequestArgs } from 'node:http';
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import * as messagePackParser from 'socket.io-msgpack-parser';
import type {
  ChainStatus,
  MarketStatus,
  ProductStatus,
  ServerEvent,
  ServerToClientEvents,
  SubscriptionConfirmed,
} from '../../src/contract/index.js';
import { checkMessages, ContractCheck } from './contract-check.js';
import { PlainMessagePackTransport, PlainTransport } from './plain-transport.js';
import { openSocket } from './socket.js';
import { waitFor } from './wait.js';

/** A stock client over a plain WebSocket. */
export const PLAIN: Partial<ManagerOptions> = { transports: [PlainTransport] };

/** The options of a stock client with which it uses MessagePack. */
export const MESSAGEPACK: Partial<ManagerOptions> = { parser: messagePackParser };

/** The transports of the gateway, each with a stock client. */
export const TRANSPORTS: Readonly<Record<string, Partial<ManagerOptions>>> = {
  websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  'polling that upgrades': { transports: ['polling', 'websocket'] },
  'websocket, then polling': { transports: ['websocket', 'polling'] },
  'websocket with MessagePack': { transports: ['websocket'], ...MESSAGEPACK },
  'plain websocket': PLAIN,
  'plain websocket with MessagePack': { transports: [PlainMessagePackTransport] },
};

/**
 * A WebSocket without compression. The client's types do not have this option, but the client
 * passes it to `ws`, which offers compression by default.
 */
export const UNCOMPRESSED = {
  transports: ['websocket'],
  perMessageDeflate: false,
} as unknown as Partial<ManagerOptions>;

/**
 * Makes a client connect from a certain address of this machine, because a load balancer keeps the
 * polling clients of an address together.
 */
export function from(address: string): Partial<ManagerOptions> {
  const local: Pick<ClientRequestArgs, 'localAddress'> = { localAddress: address };
  // The client passes the option to Node, although its type describes the browser's.
  return { agent: new Agent(local) as unknown as string };
}

export interface Received {
  readonly event: string;
  readonly payload: unknown;
}

/** The payload type of an event in the contract. */
type PayloadOf<E extends ServerEvent> = Parameters<ServerToClientEvents[E]>[0];

/**
 * A stock Socket.IO client that records everything it receives, in order. Its messages are checked
 * against the AsyncAPI document.
 */
export class TestClient {
  readonly received: Received[] = [];
  /** The `market_status` events, which come whenever the gateway has market hours. */
  readonly markets: MarketStatus[] = [];
  readonly disconnects: string[] = [];
  readonly contract = new ContractCheck();

  /** The rooms that the gateway reported as unknown, and has not reported as live since. */
  private readonly unknown = new Set<string>();

  private constructor(
    readonly socket: Socket,
    hidesUnknown: boolean,
  ) {
    checkMessages(socket, this.contract);
    socket.onAny((event: string, payload: unknown) => {
      if (event === 'market_status') {
        this.markets.push(payload as MarketStatus);
        return;
      }
      const shown = hidesUnknown ? this.withoutUnknown(event, payload) : payload;
      if (shown !== undefined) this.received.push({ event, payload: shown });
    });
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  /**
   * Connects and waits for the `connected` event. Rejects at once if the client is rejected, unless
   * it should retry.
   */
  static async connect(
    url: string,
    options: Partial<ManagerOptions & SocketOptions> = TRANSPORTS.websocket!,
    hidesUnknown = true,
  ): Promise<TestClient> {
    const client = new TestClient(openSocket(url, options), hidesUnknown);
    const { socket } = client;
    const refused = new Promise<never>((_, reject) => {
      if (!socket.io.reconnection()) socket.once('connect_error', reject);
    });
    await Promise.race([client.next('connected'), refused]);
    return client;
  }

  /**
   * Most tests subscribe to a product before its first message. test/unknown-rooms tests how the
   * gateway reports an unknown product, so the other tests ignore these reports.
   */
  private withoutUnknown(event: string, payload: unknown): unknown {
    if (event === 'subscribed') {
      const { known, ...rest } = payload as SubscriptionConfirmed;
      if (known === false) this.unknown.add(rest.room.split(':')[1]!);
      return rest;
    }
    if (event !== 'feed_status' && event !== 'chain_status') return payload;
    const { product, expiry, status, last_update } = payload as ProductStatus & Partial<ChainStatus>;
    const name = (of?: string | null) => `${event} ${product} ${of ?? ''}`;
    if (status === 'stale' && last_update === null && this.unknown.has(product)) {
      this.unknown.add(name(expiry));
      return undefined;
    }
    const ends = [name(expiry), name()].filter((one) => this.unknown.delete(one)).length > 0;
    return ends && status === 'live' ? undefined : payload;
  }

  /** The payloads of one event, in the order received. */
  all<E extends ServerEvent>(event: E): PayloadOf<E>[] {
    const entries = this.received.filter((entry) => entry.event === event);
    return entries.map(({ payload }) => payload as PayloadOf<E>);
  }

  /** Waits until `count` payloads of an event have arrived, and returns the last one. */
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

  /** Emits with an acknowledgement, and returns its untyped value for the assertions. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  ask(event: string, ...args: unknown[]): Promise<any> {
    return this.socket.timeout(15_000).emitWithAck(event, ...args);
  }

  /** Resolves once everything that the gateway sent before this call has arrived. */
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
