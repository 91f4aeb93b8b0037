import { FrameWalker } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

/** What a client does once it is connected, and what is to come back. Made by the server's dialect. */
export interface ClientProfile {
  /** Protocol messages that subscribe, sent in one write. */
  readonly greeting: readonly string[];
  /** How many confirmations the greeting is answered with. */
  readonly confirmations: number;
  /** How many market messages come at once, as snapshots. */
  readonly snapshots: number;
  /** The products (their indexes) of whose messages it gets each. */
  readonly keys: readonly number[];
}

/** The connection a stream belongs to. */
export interface Wire {
  /** Sends a frame. */
  send(text: string, opcode?: number): void;
  /** The client has all it waited for. */
  ready(): void;
}

/** A client's side of a protocol over WebSocket: counts market messages, answers what must be answered. */
export abstract class ClientStream extends FrameWalker {
  /** Market messages so far. */
  market = 0;
  /** Errors the server answered with. */
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

  /** The server knows the client; `send` subscribes it. */
  protected greet(): void {
    this.greeted = true;
    for (const message of this.profile.greeting) this.wire.send(message);
    this.progress();
  }

  private progress(): void {
    const { confirmations, snapshots } = this.profile;
    if (this.isReady || !this.greeted) return;
    if (this.confirmed < confirmations || this.market < snapshots) return;
    this.isReady = true;
    this.wire.ready();
  }
}

/** Puts a message together from the parts in which its payload comes. */
export class PayloadCollector {
  private parts: Buffer[] = [];

  /** The whole payload once its last part has come (`rest` 0); good until the next read. */
  add(buffer: Buffer, from: number, end: number, rest: number): Buffer | undefined {
    const part = buffer.subarray(from, end);
    if (rest === 0 && this.parts.length === 0) return part;
    // The buffer of a read is used again for the next.
    this.parts.push(Buffer.from(part));
    if (rest > 0) return undefined;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    return whole;
  }
}
