import type { EventKind } from './event-kind.js';
import { FrameWalker } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

/**
 * The requests of a client once it is connected, and the responses it expects. Created by the
 * server's dialect.
 */
export interface ClientProfile {
  /** The protocol messages that subscribe, sent in one write. */
  readonly greeting: readonly string[];
  /** The number of confirmations that follow the requests. */
  readonly confirmations: number;
  /** The number of market messages that arrive at once, as snapshots. */
  readonly snapshots: number;
  /** The indexes of the products whose messages it receives. */
  readonly keys: readonly number[];
  /**
   * The products to which it subscribes instead of its greeting, since the newest update that it has.
   */
  readonly resumes?: readonly string[];
}

/** The connection of a stream. */
export interface Wire {
  /** Sends a frame. */
  send(content: string | Buffer, opcode?: number): void;
  /** The client has received everything it waited for. */
  ready(): void;
}

/**
 * The client's side of a protocol, usually over WebSocket. Counts market messages, and replies where the
 * protocol requires it.
 */
export abstract class ClientStream extends FrameWalker {
  /** The number of market messages so far. */
  market = 0;
  /** The number of errors that the server returned. */
  errors = 0;
  protected confirmed = 0;
  private greeted = false;
  private isReady = false;

  constructor(
    protected readonly wire: Wire,
    private readonly profile: ClientProfile,
    protected readonly observer: MessageObserver | undefined,
  ) {
    super();
  }

  /** The WebSocket is open. */
  open(): void {}

  protected countMarket(): void {
    this.market++;
    if (!this.isReady) this.progress();
  }

  protected confirm(): void {
    this.confirmed++;
    this.progress();
  }

  protected countEvent(kind: EventKind): void {
    if (kind === 'market') this.countMarket();
    else if (kind === 'subscribed' || kind === 'unsubscribed') this.confirm();
    else if (kind === 'error') this.errors++;
  }

  /** The server has accepted the client. `send` subscribes it. */
  protected greet(): void {
    this.greeted = true;
    for (const request of this.greeting()) this.request(request);
    this.progress();
  }

  /** Sends one of the messages that subscribe. */
  protected request(request: string): void {
    this.wire.send(request);
  }

  /** The messages that subscribe. */
  protected greeting(): readonly string[] {
    return this.profile.greeting;
  }

  private progress(): void {
    const { confirmations, snapshots } = this.profile;
    if (this.isReady || !this.greeted) return;
    if (this.confirmed < confirmations || this.market < snapshots) return;
    this.isReady = true;
    this.wire.ready();
  }
}

/** Joins the parts of a message's payload. */
export class PayloadCollector {
  private parts: Buffer[] = [];

  /**
   * Returns the whole payload once its last part has arrived (`rest` 0). It is valid until the next
   * read.
   */
  add(buffer: Buffer, from: number, end: number, rest: number): Buffer | undefined {
    const part = buffer.subarray(from, end);
    if (rest === 0 && this.parts.length === 0) return part;
    // The next read overwrites this buffer.
    this.parts.push(Buffer.from(part));
    if (rest > 0) return undefined;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    return whole;
  }
}
