import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import type { ServerToClientEvents } from '../../src/contract/index.js';
import { checkMessages, ContractCheck } from './contract-check.js';
import { CHAIN, chainStream, PRODUCTS, type Stream, STREAMS } from './numbered-feed.js';
import { openSocket } from './socket.js';

/**
 * The summary of the chain that `general` receives. No test waits for it, but it must be in order
 * as well.
 */
const SUMMARY: Stream = `summary of ${CHAIN}`;
const KNOWN: ReadonlySet<Stream> = new Set([...STREAMS, SUMMARY]);

/**
 * One client in so many is checked against the AsyncAPI document. Checking all would overload this
 * process.
 */
const CHECKED_EVERY = 20;

/**
 * The rooms that a client is in once it has subscribed: one for each product, and one for the
 * chain.
 */
export const ROOMS = PRODUCTS.length + 1;

/**
 * A stock client that reconnects by itself and subscribes again each time, as front ends do. It may
 * leave `general`. It checks that no older number follows a newer one, and that only a snapshot
 * repeats a number.
 */
export class FeedClient {
  /** The newest number of each stream. */
  readonly newest = new Map<Stream, number>();
  readonly violations: string[] = [];
  /** The events of its connection since `begin`, each with its time in ms. */
  readonly journal: string[] = [];
  /** The freshness statuses of each product that it received since the last call. */
  readonly statuses: { readonly product: string; readonly status: string }[] = [];
  readonly stale = new Set<string>();
  messages = 0;
  disconnects = 0;
  /** The times at which it was connected, in ms. */
  readonly connectedAt: number[] = [];
  /** The longest time without an update since `begin`, in ms. */
  worstGapMs = 0;
  private lastAt = 0;
  /**
   * The streams whose snapshot has not arrived yet. A snapshot may repeat the client's newest
   * number.
   */
  private readonly snapshots = new Set<Stream>();

  private static count = 0;

  private constructor(
    readonly socket: Socket<ServerToClientEvents>,
    private readonly staysInGeneral: boolean,
  ) {
    if (FeedClient.count++ % CHECKED_EVERY === 0) {
      checkMessages(socket, new ContractCheck());
    }
    socket.on('connected', () => this.connected());
    socket.on('disconnect', (reason) => {
      this.disconnects++;
      this.note(reason);
    });
    socket.on('connect_error', ({ message }) => this.note(message));
    socket.io.engine?.on('upgradeError', ({ message }) => this.note(message));
    socket.on('subscribed', ({ room }) => this.subscribed(room));
    socket.on('underlying_update', ({ product, price }) => this.number(product, price));
    socket.on('chain_summary', ({ spot_price }) => this.number(SUMMARY, spot_price));
    socket.on('chain_update', ({ spot_price }) => this.number(chainStream, spot_price));
    socket.on('feed_status', ({ product, status }) => this.status(product, status));
    socket.on('error', (error) => this.violations.push(`error ${JSON.stringify(error)}`));
  }

  static connect(
    url: string,
    options: Partial<ManagerOptions & SocketOptions>,
    staysInGeneral: boolean,
  ): FeedClient {
    return new FeedClient(openSocket(url, { reconnection: true, ...options }), staysInGeneral);
  }

  begin(): void {
    this.journal.length = 0;
    this.worstGapMs = 0;
    this.lastAt = performance.now();
    this.statuses.length = 0;
  }

  /** Whether it has these numbers, or newer ones. */
  has(numbers: ReadonlyMap<Stream, number>): boolean {
    if (!this.socket.connected) return false;
    for (const [stream, number] of numbers) if ((this.newest.get(stream) ?? 0) < number) return false;
    return true;
  }

  private note(what: string): void {
    this.journal.push(`${Math.round(performance.now())} ${what}`);
  }

  private connected(): void {
    this.connectedAt.push(performance.now());
    this.note(`connected by ${this.socket.io.engine.transport.name}`);
    this.snapshots.clear();
    this.stale.clear();
    const socket = this.socket as Socket;
    if (!this.staysInGeneral) socket.emit('unsubscribe', { type: 'general' });
    socket.emit('subscribe', { type: 'product', symbols: PRODUCTS });
    socket.emit('subscribe', { type: 'chain', symbol: CHAIN });
  }

  private subscribed(room: string): void {
    const [kind, symbol] = room.split(':') as [string, string];
    this.snapshots.add(kind === 'chain' ? chainStream : symbol);
    this.stale.delete(symbol); // the gateway reports it again if it is still stale
  }

  private number(stream: Stream, number: number): void {
    const now = performance.now();
    this.messages++;
    this.worstGapMs = Math.max(this.worstGapMs, now - this.lastAt);
    this.lastAt = now;
    const last = this.newest.get(stream) ?? 0;
    const isSnapshot = this.snapshots.delete(stream);
    if (number < last) this.violations.push(`${stream}: ${number} after ${last}`);
    else if (number === last && !isSnapshot) this.violations.push(`${stream}: ${number} twice`);
    else this.newest.set(stream, number);
    if (!KNOWN.has(stream)) this.violations.push(`${stream} is not its own`);
  }

  private status(product: string, status: string): void {
    this.statuses.push({ product, status });
    if (status === 'stale') this.stale.add(product);
    else this.stale.delete(product);
  }
}
