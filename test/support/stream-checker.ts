import type { Acknowledgement } from '../../src/contract/index.js';
import { EXPIRY, numberOf } from './messages.js';
import type { Received } from './test-client.js';

/** Published last in each round. A client that receives it has received the rest of the round. */
export const TICK = 'TICK';
/** Products that appear one after the other. The k-th has the price k. */
export const NEW = /^NEW-(\d+)$/;
const GENERAL = 'general';

/** An acknowledgement, recorded at its position among the received events. */
export interface Acknowledged {
  readonly request: 'subscribe' | 'unsubscribe' | 'get_products';
  readonly answer: Acknowledgement;
}

interface Update {
  readonly product?: string;
  readonly price?: number;
  readonly spot_price?: number;
}

/**
 * The rooms that deliver the numbers of a stream. A client that joins one of them, except
 * `general`, is sent the newest number as a snapshot.
 */
const STREAMS: Readonly<Record<string, readonly string[]>> = {
  [TICK]: [GENERAL, `product:${TICK}`],
  A: [GENERAL, 'product:A'],
  B: [GENERAL, 'product:B'],
  'summary A': [GENERAL],
  NEW: [GENERAL],
  'chain A': ['chain:A', `chain:A:${EXPIRY}`],
};

/**
 * Follows what one client receives while rounds 1, 2, 3, ... of A, its chain, B and TICK are
 * published, and a new product now and then. The client must receive every number of its rooms once
 * and in order, from `subscribed` to `unsubscribed`, and each acknowledgement after everything that
 * was sent before it.
 */
export class StreamChecker {
  /** The problems found, in words. There must be none. */
  readonly faults: string[] = [];
  private readonly rooms = new Set<string>();
  /** The last number of each stream. */
  private readonly last = new Map<string, number>();
  /** The streams that have been received without a gap since their last number. */
  private readonly running = new Set<string>();
  /** The stream whose snapshot has to arrive next. */
  private snapshotOf: string | undefined;
  /**
   * The last TICK when `general` was joined. There is no snapshot, but the stream must begin at
   * this number.
   */
  private joinedAt = Infinity;

  constructor(private readonly name: string) {}

  take({ event, payload: received }: Received): void {
    const payload = received as Record<string, unknown> & Update;
    const stream = streamOf(event, payload);
    if (this.snapshotOf !== undefined && stream !== this.snapshotOf) {
      this.fault(`${event} where the snapshot of ${this.snapshotOf} should be`);
    }
    if (stream !== undefined) this.number(stream, numberOf(payload) as number);
    else if (event === 'connected') this.connected();
    else if (event === 'subscribed') this.joined(payload.room as string);
    else if (event === 'unsubscribed') this.left(payload.room as string);
    else if (event === 'products') this.products(payload.products as string[]);
    else if (event === 'acknowledged') this.acknowledged(received as Acknowledged);
    else this.fault(`${event} ${JSON.stringify(payload)}`);
  }

  /** Checks that the client has everything up to the last round of its rooms. */
  end(rounds: number): void {
    for (const stream of Object.keys(STREAMS)) {
      if (stream !== 'NEW' && this.receives(stream) && this.last.get(stream) !== rounds) {
        this.fault(`${stream} ends with ${this.last.get(stream)} of ${rounds}`);
      }
    }
  }

  private get tick(): number {
    return this.last.get(TICK) ?? 0;
  }

  private receives(stream: string): boolean {
    return STREAMS[stream]!.some((room) => this.rooms.has(room));
  }

  private connected(): void {
    this.rooms.clear();
    this.running.clear();
    this.rooms.add(GENERAL);
    this.joinedAt = Infinity;
  }

  private joined(room: string): void {
    if (room === GENERAL && !this.rooms.has(GENERAL)) this.joinedAt = this.tick;
    this.rooms.add(room);
    if (room === GENERAL) return;
    this.snapshotOf = Object.keys(STREAMS).find((stream) => STREAMS[stream]!.includes(room));
  }

  private left(room: string): void {
    this.rooms.delete(room);
    for (const stream of Object.keys(STREAMS)) if (!this.receives(stream)) this.running.delete(stream);
  }

  private acknowledged({ request, answer }: Acknowledged): void {
    const told = `${request} acknowledged with ${JSON.stringify(answer)}`;
    if (!answer.ok) this.fault(told);
    else if (request === 'get_products') {
      if (answer.rooms.join() !== [...this.rooms].join()) this.fault(told);
    } else if (answer.rooms.some((room) => this.rooms.has(room) !== (request === 'subscribe')))
      this.fault(told);
  }

  /**
   * A client that is told about a product also receives the price of that product, if it is in its
   * rooms.
   */
  private products(products: readonly string[]): void {
    const newest = Math.max(...products.map((product) => Number(NEW.exec(product)?.[1] ?? 0)));
    const last = this.last.get('NEW');
    if (this.running.has('NEW') && newest !== last) this.fault(`products to ${newest} after NEW ${last}`);
  }

  private number(stream: string, n: number): void {
    const last = this.last.get(stream) ?? 0;
    const told = `${stream} ${n} after ${last}, TICK ${this.tick}`;
    if (!this.receives(stream)) this.fault(`${told}: not subscribed`);
    const isSnapshot = this.snapshotOf === stream;
    this.snapshotOf = undefined;
    if (n < last) this.fault(`${told}: back in time`);
    if (isSnapshot && this.running.has(stream)) {
      if (n !== last) this.fault(`${told}: the snapshot is not the newest`);
    } else if (isSnapshot && this.running.has(TICK)) {
      // A snapshot contains everything published before the TICK, and nothing of the round after
      // the next.
      if (n < this.tick || n > this.tick + 1) this.fault(`${told}: the snapshot is of another time`);
    } else if (this.running.has(stream)) {
      if (n !== last + 1) this.fault(`${told}: lost or twice`);
    } else if (stream !== 'NEW' && !isSnapshot && this.running.has(TICK) && n > this.joinedAt + 2) {
      this.fault(`${told}: lost since general was joined at TICK ${this.joinedAt}`);
    }
    this.last.set(stream, n);
    this.running.add(stream);
    if (stream === TICK && !isSnapshot) {
      for (const other of this.running) {
        if (other !== 'NEW' && this.last.get(other) !== n)
          this.fault(`${other} ${this.last.get(other)} at TICK ${n}`);
      }
    }
  }

  private fault(text: string): void {
    this.faults.push(`${this.name}: ${text}`);
  }
}

function streamOf(event: string, payload: Update): string | undefined {
  if (event === 'underlying_update') return NEW.test(payload.product ?? '') ? 'NEW' : payload.product;
  if (event === 'chain_summary') return `summary ${payload.product}`;
  if (event === 'chain_update') return `chain ${payload.product}`;
  return undefined;
}
