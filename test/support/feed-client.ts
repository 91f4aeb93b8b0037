import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import type { ServerToClientEvents } from '../../src/contract/index.js';
import { checkMessages, ContractCheck } from './contract-check.js';
import { CHAIN, chainStream, PRODUCTS, type Stream, STREAMS } from './numbered-feed.js';
import { openSocket } from './socket.js';

/** What `general` is told of the chain: nothing that anybody may wait for, but in order, too. */
const SUMMARY: Stream = `summary of ${CHAIN}`;
const KNOWN: ReadonlySet<Stream> = new Set([...STREAMS, SUMMARY]);

/** One client in so many is held against the AsyncAPI document: of all of them it would cost this process more than it has. */
const CHECKED_EVERY = 20;

/** Rooms a client is in, once it has subscribed: one of each product, and that of the chain. */
export const ROOMS = PRODUCTS.length + 1;

/**
 * A stock client as front ends use it: it reconnects by itself and subscribes again each time. It may leave
 * `general`. It watches what it is sent: never an older number after a newer one, none twice but as a snapshot.
 */
export class FeedClient {
  /** The newest number of each stream. */
  readonly newest = new Map<Stream, number>();
  readonly violations: string[] = [];
  /** What became of its connection since `begin`, each with its time, ms. */
  readonly journal: string[] = [];
  /** What it was told of each product's freshness, since it was last asked. */
  readonly statuses: { readonly product: string; readonly status: string }[] = [];
  readonly stale = new Set<string>();
  messages = 0;
  disconnects = 0;
  /** When it was connected, ms. */
  readonly connectedAt: number[] = [];
  /** The longest it was without an update since `begin`, ms. */
  worstGapMs = 0;
  private lastAt = 0;
  /** Streams whose snapshot is due: a snapshot may be what the client has. */
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
    this.stale.delete(symbol); // it is said again if it is so
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
